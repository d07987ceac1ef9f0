"""Drawings that the summary uses a thousand times: each is in the page once."""

from __future__ import annotations

from urllib.parse import quote

from labs.judge.verdict import Status
from labs.views.looks import LOOKS
from labs.views.markup import escape

__all__ = ["NOTHING", "bar", "named", "symbol", "symbols"]

NOTHING = "\N{EN DASH}"  # in place of a figure that is not known


def symbols() -> str:
    """The drawings of the statuses, invisible."""
    drawings = "".join(
        f'<symbol id="s-{status.name.lower()}" viewBox="0 0 18 18">{LOOKS[status].drawing}</symbol>'
        for status in (Status.PASSED, Status.FAILED, Status.NOT_STARTED, Status.BROKEN, Status.NOT_RUN)
    )
    return f'<svg class="gs-symbols" width="0" height="0" aria-hidden="true" focusable="false">{drawings}</svg>'


def symbol(status: str) -> str:
    """The drawing of one status, hidden from screen readers, which read the word beside it."""
    return f'<svg class="lp-icon" aria-hidden="true" focusable="false"><use href="#s-{escape(status)}"/></svg>'


def bar(part: float, whole: float, tone: str = "") -> str:
    """A line that shows how much of the whole it is, as the number beside it does."""
    width = max(0.0, min(100.0, 100 * part / whole)) if whole else 0
    return (
        f'<svg class="gs-bar{f" lp-{tone}" if tone else ""}" viewBox="0 0 100 4" preserveAspectRatio="none"'
        f' aria-hidden="true" focusable="false"><rect width="100" height="4"/>'
        f'<rect class="gs-part" width="{width:.4g}" height="4"/></svg>'
    )


def named(name: str, address: str) -> str:
    """A learner's name, as a link when there is a page to link to."""
    return f'<a href="{escape(quote(address, errors="replace"))}">{_name(name)}</a>' if address else _name(name)


def _name(name: str) -> str:
    return escape(name) or "<i>no name</i>"
