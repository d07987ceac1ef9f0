"""Files and folders that somebody else has put there: read one, or remove it."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from labs.errors import UserError

__all__ = ["LOCK", "MAX_BYTES", "TOO_LARGE", "kind_of", "looks_like_notebook", "read_bytes", "remove_folder"]

LOCK = ".lock"  # in a folder with results: `labs grade` writes, or has written, there
MAX_BYTES = 100 * 1024 * 1024  # of a notebook with all that it has printed; its cells are bounded where it is read
TOO_LARGE = f"It is larger than {MAX_BYTES // 1024 // 1024} MB: clear its outputs and hand it in again."
_LOOK = 64 * 1024  # bytes at the beginning and at the end that show what a file is
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


def read_bytes(path: Path) -> bytes:
    """The content of a plain file of at most MAX_BYTES, read without following links or waiting for anybody.

    Raises UserError with one sentence.
    """
    with _opened(path) as file:
        if os.fstat(file.fileno()).st_size > MAX_BYTES:
            raise UserError(TOO_LARGE)
        content = file.read(MAX_BYTES + 1)  # it may grow while it is read
    if len(content) > MAX_BYTES:
        raise UserError(TOO_LARGE)
    return content


def kind_of(path: Path) -> str:
    """What a file holds, whatever it is called: "notebook", "archive" or, for all else and what can't be read, ""."""
    try:
        with _opened(path) as file:
            head = file.read(_LOOK)
            if head.startswith(_ZIP):
                return "archive"
            size = os.fstat(file.fileno()).st_size
            file.seek(max(0, size - _LOOK))
            return "notebook" if looks_like_notebook(head, file.read(_LOOK)) else ""
    except (UserError, OSError):
        return ""


def looks_like_notebook(head: bytes, tail: bytes) -> bool:
    """Whether a file that begins and ends so is JSON that names a notebook format."""
    opened = head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")
    return opened and b'"nbformat"' in head + tail


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if path.is_symlink():
            raise UserError("It is a symbolic link, not a file: hand in the notebook itself.") from None
        raise UserError(f"It can't be read: {error.strerror}.") from None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UserError("It is not a plain file.")
        yield file


def remove_folder(folder: Path) -> None:
    """Remove a folder with all that is in it, also folders closed to us and those nested deeper than a path can say."""
    with contextlib.suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    if not folder.is_dir():
        return
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        with contextlib.suppress(OSError):
            path.chmod(0o700)
            for entry in list(os.scandir(path)):
                if entry.is_dir(follow_symlinks=False):
                    os.chmod(entry.path, 0o700)  # a folder that moves is written to
                    waiting.append(Path(entry.path).rename(folder / secrets.token_hex(8)))
    shutil.rmtree(folder, ignore_errors=True)
