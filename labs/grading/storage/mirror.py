"""Results at a URL. They are made in a folder on this machine; each submission's is copied as soon as it is whole.

An object store has no folders to rename: its result.json is taken away first and written last, so that a submission
which has one is complete, as on a disk.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from concurrent.futures import Future, wait
from pathlib import Path

from labs.errors import UserError
from labs.grading.reports.files import BATCH_FILES, EXECUTED, RESULT, SUBMISSION_FILES
from labs.grading.storage.remote import Remote, Threads, sentence

__all__ = ["Mirror"]

MARK = ".running"  # also tells at once whether anything can be written
AT_ONCE = 16  # submissions being copied
AHEAD = 64  # submissions that may wait for that
CLOSE = 0.5  # seconds for what is on its way when somebody presses Ctrl-C
FETCH = 200  # results fetched at once
KEPT_EMPTY = SUBMISSION_FILES.keys() - {RESULT, EXECUTED}  # reports ask only whether they are there
_NAME = re.compile(r"[\w][\w.-]{0,100}")


class Mirror:
    """Copies a folder of results. Close it, and the folder is gone."""

    def __init__(self, url: str) -> None:
        self._remote = Remote(url)
        # The name lets a later run clean up after one that was killed: see labs.grading.judges.pool.
        self.folder = Path(tempfile.mkdtemp(prefix=f"labs-grade-{os.getpid()}-"))
        self._known: dict[str, set[str]] = {}  # submission -> its files over there
        self._threads = Threads(AT_ONCE)
        self._copying: set[Future[None]] = set()

    def begin(self) -> None:
        """Fetch the results of earlier runs. Raises UserError when nothing can be written there."""
        try:
            self._remote.write(MARK, f"{os.uname().nodename} {os.getpid()}\n".encode())
            for parts in self._remote.names():
                if len(parts) == 3 and parts[0] == "submissions" and _NAME.fullmatch(parts[1]):
                    self._known.setdefault(parts[1], set()).add(parts[2])
            done = sorted(name for name, files in self._known.items() if RESULT in files)
            for start in range(0, len(done), FETCH):
                some = done[start : start + FETCH]
                for name, content in zip(
                    some, self._remote.read([f"submissions/{name}/{RESULT}" for name in some]), strict=True
                ):
                    if isinstance(content, Exception):
                        raise content
                    self._place(name, content)
        except Exception as error:
            raise self._problem(error) from None

    def _place(self, name: str, content: bytes) -> None:
        folder = self.folder / "submissions" / name
        folder.mkdir(parents=True, exist_ok=True)
        for file in self._known[name] & KEPT_EMPTY:
            (folder / file).touch()
        (folder / RESULT).write_bytes(content)

    def stored(self, submission: str, *, whole: bool = True) -> None:
        """Copy a submission's folder soon. Not `whole`: only some of its files are new, the others stay."""
        while len(self._copying) >= AHEAD:
            self._wait(return_when="FIRST_COMPLETED")
        self._copying.add(self._threads.submit(lambda: self._copy(submission, whole)))

    def _copy(self, submission: str, whole: bool) -> None:
        folder = self.folder / "submissions" / submission
        there = self._known.get(submission, set())
        here = {path.name for path in folder.iterdir()}
        if RESULT in there:
            self._remote.remove(f"submissions/{submission}/{RESULT}")
        for name in sorted(here - {RESULT}):
            self._remote.write(f"submissions/{submission}/{name}", (folder / name).read_bytes())
        for name in there - here if whole else ():
            self._remote.remove(f"submissions/{submission}/{name}")
        self._remote.write(f"submissions/{submission}/{RESULT}", (folder / RESULT).read_bytes())
        self._known[submission] = here if whole else here | there
        for name in here - {RESULT}:  # thousands of them would fill the disk
            if name == EXECUTED:
                (folder / name).unlink()
            else:
                (folder / name).write_bytes(b"")  # reports ask only whether it is there

    def removed(self, submission: str) -> None:
        """Remove the copy of a submission's folder."""
        try:
            for name in sorted(self._known.pop(submission, ()), key=lambda name: name != RESULT):
                self._remote.remove(f"submissions/{submission}/{name}")
        except Exception as error:
            raise self._problem(error) from None

    def settle(self) -> None:
        """Wait until all that was stored is copied."""
        while self._copying:
            self._wait()

    def _wait(self, return_when: str = "ALL_COMPLETED") -> None:
        done, self._copying = wait(self._copying, return_when=return_when)
        for future in done:
            if error := future.exception():
                raise self._problem(error)

    def finish(self) -> None:
        """Copy the reports of the batch, the one that people open last."""
        self.settle()
        try:
            for name in BATCH_FILES:
                self._remote.write(name, (self.folder / name).read_bytes())
            self._remote.remove(MARK)
        except Exception as error:
            raise self._problem(error) from None

    def close(self) -> None:
        """Remove the folder here. What can't be copied within a moment is judged again by the next run."""
        wait(self._copying, timeout=CLOSE)
        self._threads.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _problem(self, error: BaseException) -> UserError:
        return UserError(
            f"The results can't be written to {self._remote.url}: {sentence(error)}. "
            "What is there is kept: the same command goes on from there."
        )
