"""The files that grading writes, each listed once, and how they are written: whole or not at all."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

__all__ = ["BATCH_FILES", "EXECUTED", "RESULT", "SUBMISSION_FILES", "append", "replacing", "spool"]

RESULT = "result.json"
EXECUTED = "executed.ipynb"

# What stands in the folder of the results, in the order in which it is copied: the page that people open comes last.
BATCH_FILES = {
    "results.jsonl": "all results, a line for each: for programs",
    "junit.xml": "a test suite for each submission: for CI systems",
    "grades.csv": "a row for each learner: for gradebooks",
    "summary.html": "the batch on one page: for instructors",
}

# What stands in the folder of one submission.
SUBMISSION_FILES = {
    "feedback.html": "the verdicts and their reasons: for the learner",
    "results.json": "the same for Gradescope",
    EXECUTED: "the notebook with its outputs; absent when it was not executed",
    RESULT: "the result, from which a later run goes on; written last: a folder that has it is done",
}


@contextmanager
def replacing(path: Path) -> Iterator[IO[str]]:
    """A text file that takes the place of `path` when the block ends, and is gone when it fails.

    Only for files that are listed above: others would be missing where results are copied to.
    """
    assert path.name in BATCH_FILES or path.name in SUBMISSION_FILES
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
