"""One file that may be a submission: where it was found and how it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from labs.errors import UserError

__all__ = ["Found", "ignored", "refuse"]

_IGNORED = {"__MACOSX", ".ipynb_checkpoints", ".git", "__pycache__", ".labs"}


@dataclass(frozen=True, slots=True)
class Found:
    """A notebook, or something in its place that nobody can judge."""

    parts: tuple[str, ...]  # the names that lead to it, below what was given: where the instructor has put it
    source: str  # for people: a path, or "archive.zip!member"
    modified: float  # seconds since 1970; 0 when it is not known. Of an archive's member: of the archive
    read: Callable[[], bytes]  # raises UserError with one sentence
    inside: tuple[str, ...] = ()  # the names that lead to it within a learner's own archive: they don't say whose it is
    inner_time: float = 0.0  # what a learner's own archive says of its time: orders that learner's files alone


def refuse(sentence: str) -> Callable[[], bytes]:
    """A function to read a file with that can't be read, for this reason: it raises UserError."""

    def read() -> bytes:
        raise UserError(sentence)

    return read


def ignored(name: str) -> bool:
    """Whether a file or folder of this name was left behind by a program, so that nobody handed it in."""
    return name in _IGNORED or name.startswith("._")  # what macOS writes beside a file
