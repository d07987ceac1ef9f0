"""Text from learners made fit for files that other programs read: XML, CSV, JSON."""

from __future__ import annotations

import re
import unicodedata
from typing import Any  # Any: JSON

from labs.views.markup import UNSHOWABLE, clean, clip, cut

__all__ = ["cell", "evidence", "harmless", "one_line"]

NAME = 200  # characters of a learner's name, a file's name
FORMULA = frozenset("=+-@")  # what a formula starts with, tabs and line ends in front of it being gone
EVIDENCE = 20_000  # characters of what a failed check has to say
# A line end as on the wire may stay in JSON, where it is escaped.
UNFIT = re.compile(f"(?!\r\n){UNSHOWABLE.pattern}")


def one_line(text: str, limit: int = NAME) -> str:
    """A name on one line: without controls, direction overrides and half characters, and of bounded length."""
    head, left = clip(UNSHOWABLE.sub("", clip(text.replace("\r", " "), limit * 4)[0]), limit)
    return " ".join(head.split()) + ("…" if left else "")


def cell(text: str, limit: int = NAME) -> str:
    """A name for a spreadsheet: one that would be taken for a formula gets an apostrophe in front."""
    line = one_line(text, limit)
    # Spreadsheets also take the full-width, small and raised forms: NFKC makes all of them the plain one.
    return f"'{line}" if unicodedata.normalize("NFKC", line[:1])[:1] in FORMULA else line


def evidence(text: str, limit: int = EVIDENCE) -> str:
    """Several lines with every character visible, as people read them in a log."""
    head, left = clip(text, limit)
    return clean(head) + (f"\n{cut(left)}" if left else "")


def harmless(data: Any) -> Any:
    """JSON data whose strings every reader of JSON takes: no controls, direction overrides or half characters."""
    match data:
        case str():
            return UNFIT.sub("", data)
        case dict():
            return {harmless(key): harmless(value) for key, value in data.items()}
        case list() | tuple():
            return [harmless(item) for item in data]
        case _:
            return data
