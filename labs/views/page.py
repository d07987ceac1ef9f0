"""A whole HTML page in one file: what it may load and run is its own style and script, by their digests."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from labs.views.markup import clip, escape

__all__ = ["Page"]


@dataclass(frozen=True, slots=True)
class Page:
    """What stands around a page's content. Write `head`, the content, then `tail`: it need not be in memory at once.

    The content security policy has the browser refuse any other style or script, whatever got into the content.
    """

    title: str  # from anywhere: escaped here
    style: str
    script: str = ""
    wide: bool = False  # a table of many columns, where a page of text would be too wide to read

    @property
    def head(self) -> str:
        """Everything up to the content."""
        scripts = f" script-src '{_digest(self.script)}';" if self.script else ""
        policy = f"default-src 'none'; style-src '{_digest(self.style)}';{scripts} base-uri 'none'; form-action 'none'"
        return (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
            f"<title>{escape(clip(self.title, 200)[0])}</title>\n<style>{self.style}</style>\n</head>\n"
            f'<body class="lp-page{" lp-wide" if self.wide else ""}">\n<main>\n'
        )

    @property
    def tail(self) -> str:
        """Everything after the content."""
        script = f"<script>{self.script}</script>\n" if self.script else ""
        return f"\n</main>\n{script}</body>\n</html>\n"


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
