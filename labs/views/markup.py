"""Text from anywhere made fit to show: what a service sends is cut, cleaned and escaped here only."""

from __future__ import annotations

import html
import re
from functools import cache
from pathlib import Path
from urllib.parse import quote

from markdown_it import MarkdownIt

__all__ = [
    "anchor",
    "clean",
    "clip",
    "count",
    "cut",
    "escape",
    "inline",
    "markdown",
    "plain",
    "shown",
    "style",
]

# Controls, direction overrides and halves of a character: they vanish, reorder a line or can't be encoded.
UNSHOWABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
MARKDOWN_LIMIT = 4_000  # characters of a cause or a hint; ours are a few sentences


def clip(text: str, limit: int) -> tuple[str, int]:
    """The first `limit` characters and how many were left off."""
    return (text, 0) if len(text) <= limit else (text[:limit], len(text) - limit)


def clean(text: str) -> str:
    """Every character visible: a control as its picture (␛), anything else unshowable as its code."""
    return UNSHOWABLE.sub(_picture, text.replace("\r\n", "\n"))


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"\\u{code:04x}"


def escape(text: str) -> str:
    """Text for an HTML element or a quoted attribute. Cut long text first: this walks over all of it."""
    return html.escape(clean(text))


def count(number: int, noun: str) -> str:
    """`1 check`, `2 checks`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def cut(left: int, where: str = "more") -> str:
    """The note that stands for characters left off; empty when there are none."""
    return f"… {left:,} {where} character{'' if left == 1 else 's'}" if left else ""


def shown(text: str, limit: int) -> str:
    """HTML of a text of any length: escaped, cut at the limit, with a note of what was left off."""
    head, left = clip(text, limit)
    return escape(head) + (f'<span class="lp-cut">{cut(left)}</span>' if left else "")


class _SafeMarkdown(MarkdownIt):
    """CommonMark without HTML, images or headings; links go to the web, a heading or a notebook beside it."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False})
        # An image would call home when the page is opened; a heading would enter the notebook's contents.
        self.disable(["image", "heading", "lheading", "html_block", "html_inline"])

    def validateLink(self, url: str) -> bool:  # noqa: N802 (the parser's own name)
        return re.match(r"https?://|#|[\w.-]+\.ipynb(#|$)", url, re.IGNORECASE) is not None


_MARKDOWN = _SafeMarkdown()
_CODE_SPANS = MarkdownIt("zero").enable("backticks")


def markdown(text: str) -> str:
    """HTML of a cause or a hint."""
    head, left = clip(text, MARKDOWN_LIMIT)
    return str(_MARKDOWN.render(clean(head) + (f"\n\n{cut(left)}" if left else "")))


def inline(text: str, limit: int = 400) -> str:
    """HTML of one line in which only `code` is markup, so that a lone * or _ stays what it is."""
    head, left = clip(text, limit)
    return str(_CODE_SPANS.renderInline(clean(head))) + (" …" if left else "")


def plain(text: str) -> str:
    """Markdown without its marks, for terminals and one-line summaries."""
    text = clean(clip(text, MARKDOWN_LIMIT)[0])
    text = re.sub(
        _CODE + r"|\[((?:`[^`]*`|[^\[\]`])*)\]\([^()]*\)", lambda found: found["code"] or found[3] or "", text
    )
    return re.sub(_CODE + r"|\*\*|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)", lambda found: found["code"] or "", text)


# What is code stays as it is: `__main__`, `**options`, a block of lines.
_CODE = r"(?P<code>(?s:(?<!`)(`+)(?!`).+?(?<!`)\2(?!`)))"


def anchor(heading: str) -> str:
    """The address JupyterLab and nbconvert give a heading: its text with dashes for spaces."""
    text = clip(plain(heading), 200)[0].replace("`", "").strip()
    return "#" + quote(text.replace(" ", "-"), safe="/:,.()!*~")


@cache
def style(name: str = "panel.css") -> str:
    """A style sheet of this package, without the comments that only we read."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    return re.sub(r"\s*\n\s*", "\n", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)).strip()
