"""Write a report whole or not at all, and keep what comes first until the rest of it is known."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

__all__ = ["append", "replacing", "spool"]


@contextmanager
def replacing(path: Path) -> Iterator[IO[str]]:
    """A text file that takes the place of `path` when the block ends, and is gone when it fails."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        # Reports clean their text, so "replace" only has the last word: a report is written, whatever is in it.
        with part.open("x", encoding="utf-8", errors="replace", newline="") as file:
            yield file
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


@contextmanager
def spool(folder: Path) -> Iterator[IO[str]]:
    """A nameless file for what is written before the text that goes above it."""
    with tempfile.TemporaryFile("w+", dir=folder, encoding="utf-8", errors="replace", newline="") as file:
        yield file


def append(spooled: IO[str], file: IO[str]) -> None:
    """Copy a whole spool to the end of a file."""
    spooled.seek(0)
    shutil.copyfileobj(spooled, file, 64 * 1024)
