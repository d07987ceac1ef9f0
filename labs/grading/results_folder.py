"""Results in their folder: written whole, read again, and kept from being written by two runs at once."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from labs.errors import UserError
from labs.grading.judges.pool import Graded
from labs.grading.reports import write_submission
from labs.grading.reports.files import EXECUTED, RESULT
from labs.grading.result import Result
from labs.grading.submissions.plainfile import LOCK

__all__ = ["locked", "open_folder", "read_result", "store", "stored_results", "write_result"]


def open_folder(out: Path) -> Path:
    """The folder of the submissions' results, made when it is missing. Raises UserError when it can't be written."""
    folder = out / "submissions"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if folder.is_symlink():
            raise UserError(f"{folder} is a link, and what it leads to may be somebody else's: choose another --out.")
        for left in folder.glob(".*.new"):  # of a run that was killed
            shutil.rmtree(left, ignore_errors=True)
    except OSError as error:
        raise UserError(f"The results can't be written to {out}: {error.strerror}.") from None
    return folder


@contextlib.contextmanager
def locked(out: Path) -> Iterator[None]:
    """Keep other runs from writing to this folder. Raises UserError when one is writing to it already."""
    try:
        # Never through a link: it would create or change a file elsewhere.
        file = os.fdopen(os.open(out / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644), "r+")
    except OSError as error:
        raise UserError(f"The results can't be written to {out}: {error.strerror}.") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(f"Another `labs grade` is writing to {out}: wait for it.") from None
        yield


def store(graded: Graded, folder: Path) -> None:
    """Write a result's folder beside its place, then move it there, so that a folder in its place is whole."""
    new = folder / f".{graded.result.submission}.new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    write_submission(graded.result, new)
    if graded.executed:
        (new / EXECUTED).write_text(graded.executed, "utf-8", "backslashreplace")
    write_result(graded.result, new / RESULT)
    target = folder / graded.result.submission
    if target.is_symlink():  # not ours: what it leads to stays as it is
        target.unlink()
    if target.exists():
        old = folder / f".{graded.result.submission}.old.new"
        shutil.rmtree(old, ignore_errors=True)
        target.rename(old)
        new.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        new.rename(target)


def write_result(result: Result, path: Path) -> None:
    """Write a result as JSON, whole or not at all."""
    temporary = path.with_name(path.name + ".new")
    text = json.dumps(result.to_dict(), ensure_ascii=False, indent=1)
    temporary.write_text(text + "\n", "utf-8", "backslashreplace")
    temporary.replace(path)


def read_result(path: Path) -> Result | None:
    """The result in this file; None when there is none that this release can read."""
    try:
        return Result.from_dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def stored_results(out: Path) -> Iterator[Result]:
    """The results in a folder, one at a time, in the order of their names."""
    for path in sorted((out / "submissions").glob(f"*/{RESULT}")):
        result = read_result(path)
        if result is not None:
            yield result
