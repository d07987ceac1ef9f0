"""Submissions and results that are not on this machine: at URLs such as s3://bucket/week3, through fsspec.

Nothing here imports fsspec until there is a URL.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname

__all__ = ["Copies", "Nowhere", "place"]


def place(text: str) -> Path | str:
    """What a command line means: a path, or a URL as it stands. file:// is a path, with all that holds for paths."""
    if text.startswith("file://"):
        return Path(url2pathname(urlsplit(text).path))
    return text if "://" in text else Path(text)


class Copies(Protocol):
    """Where results go beside the folder that they are made in."""

    def begin(self) -> None:
        """Fetch what an earlier run left. Raises UserError when nothing can be written."""
        ...

    def stored(self, submission: str, *, whole: bool = True) -> None:
        """Its folder is new, or, when not whole, some files of it."""
        ...

    def removed(self, submission: str) -> None:
        """Its folder is gone."""
        ...

    def settle(self) -> None:
        """Return when everything up to now is there. Raises UserError when something can't be."""
        ...

    def finish(self) -> None:
        """The reports of the batch are written, too."""
        ...

    def close(self) -> None:
        """Stop, wherever it is."""
        ...


class Nowhere:
    """For results on this machine: their folder is where they stay."""

    def begin(self) -> None:
        """Nothing to do, as for all that follows."""

    def stored(self, submission: str, *, whole: bool = True) -> None:
        """Same."""

    def removed(self, submission: str) -> None:
        """Same."""

    settle = finish = close = begin
