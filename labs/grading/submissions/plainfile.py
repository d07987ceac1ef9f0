"""Files and folders that somebody else has put there: read one, or remove it."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
from pathlib import Path

from labs.errors import UserError

__all__ = ["MAX_BYTES", "read_bytes", "remove_folder"]

MAX_BYTES = 5 * 1024 * 1024  # of a notebook


def read_bytes(path: Path) -> bytes:
    """The content of a plain file of at most MAX_BYTES, read without following links or waiting for anybody.

    Raises UserError with one sentence.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if path.is_symlink():
            raise UserError("It is a symbolic link, not a file: hand in the notebook itself.") from None
        raise UserError(f"It can't be read: {error.strerror}.") from None
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise UserError("It is not a plain file.")
        if about.st_size > MAX_BYTES:
            raise UserError(
                f"It is larger than {MAX_BYTES // 1024 // 1024} MB: clear its outputs and hand it in again."
            )
        return file.read(MAX_BYTES + 1)[:MAX_BYTES]


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
