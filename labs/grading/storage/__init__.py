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
    """What an argument on the command line means: a path, or a URL, which stays a str. A file:// URL is a path."""
    if text.startswith("file://"):
        return Path(url2pathname(urlsplit(text).path))
    return text if "://" in text else Path(text)


class Copies(Protocol):
    """Where results go beside the folder that they are made in."""

    def begin(self) -> None:
        """Fetch what an earlier run left. Raises UserError when nothing can be written."""
        ...

    def stored(self, submission: str, *, whole: bool = True) -> None:
        """Copy a submission's folder, which is new; when not `whole`, only some of its files are new."""
        ...

    def removed(self, submission: str) -> None:
        """Remove the copy of a submission's folder, which is gone."""
        ...

    def settle(self) -> None:
        """Return when all up to now is copied. Raises UserError when something can't be."""
        ...

    def finish(self) -> None:
        """Copy the reports of the batch, which are written by now."""
        ...

    def close(self) -> None:
        """Stop copying, even in the middle."""
        ...


class Nowhere:
    """Copies nothing: the results stay in their folder on this machine."""

    def begin(self) -> None:
        """Do nothing."""

    def stored(self, submission: str, *, whole: bool = True) -> None:
        """Do nothing."""

    def removed(self, submission: str) -> None:
        """Do nothing."""

    settle = finish = close = begin
