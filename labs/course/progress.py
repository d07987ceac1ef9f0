"""What a learner has done, in one small file outside version control: checks passed, hints and solutions taken."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

try:
    import fcntl
except ImportError:  # Windows: two notebooks that save in the same millisecond may lose one entry
    fcntl = None  # type: ignore[assignment]

__all__ = ["LabProgress", "Progress", "default_path"]

VERSION = 1
_Kind = TypeVar("_Kind")


@dataclass(slots=True)
class LabProgress:
    """One lab: the checks that passed in the last run that included them, and the help that was taken."""

    passed: list[str] = field(default_factory=list)
    checks: int = 0  # how many checks the lab has
    hints: dict[str, int] = field(default_factory=dict)  # exercise -> hints taken
    solutions: list[str] = field(default_factory=list)  # exercises whose solution was opened


def default_path(root: Path) -> Path:
    """Where progress is kept: `.labs/progress.json` in the clone, or where LABS_PROGRESS says."""
    return Path(os.environ.get("LABS_PROGRESS") or root / ".labs" / "progress.json")


class Progress:
    """Reads and writes the progress file. A missing or broken file counts as empty; a broken one is kept aside.

    A file of a newer release is read as far as it is understood, and not written.
    Nothing here ever raises for what is in the file or for a disk that can't be written: progress is a
    convenience, and a learner must be able to go on without it. `problem` then holds one sentence.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path  # None: nothing is read and nothing is kept
        self.problem = ""
        self._newer = False

    def lab(self, name: str) -> LabProgress:
        """One lab's progress."""
        entry = self._read().get(name)
        return _understood(entry) if isinstance(entry, dict) else LabProgress()

    def labs(self) -> dict[str, LabProgress]:
        """Every lab that was begun."""
        return {name: self.lab(name) for name in self._read()}

    def note_checks(self, lab: str, judged: Collection[str], passed: Collection[str], checks: int) -> None:
        """Keep the result of a run: which of the lab's checks it judged, which of those passed, how many there are."""
        progress = self.lab(lab)
        progress.passed = sorted((set(progress.passed) - set(judged)) | set(passed))
        progress.checks = checks
        self.save(lab, progress)

    def count_hint(self, lab: str, exercise: str, available: int) -> int:
        """Count one more hint for an exercise; how many of the available ones are taken now."""
        progress = self.lab(lab)
        taken = min(progress.hints.get(exercise, 0) + 1, available)
        progress.hints[exercise] = taken
        self.save(lab, progress)
        return taken

    def note_solution(self, lab: str, exercise: str) -> None:
        """Note that the solution of an exercise was opened."""
        progress = self.lab(lab)
        progress.solutions = sorted({*progress.solutions, exercise})
        self.save(lab, progress)

    def save(self, name: str, progress: LabProgress) -> None:
        """Write one lab's progress, leaving the others as they are on disk by now (other notebooks write, too)."""
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _alone(self.path.with_suffix(".lock")):
                labs = self._read()
                if self._newer:
                    return
                labs[name] = asdict(progress)
                _write_whole(self.path, json.dumps({"version": VERSION, "labs": labs}, indent=1, sort_keys=True) + "\n")
        except OSError as error:
            self.problem = (
                f"Your progress could not be saved in {self.path} ({error.strerror}); the checks work without."
            )

    def _read(self) -> dict[str, Any]:  # Any: the file may hold anything
        if self.path is None:
            return {}
        try:
            data = json.loads(self.path.read_text("utf-8"))
            labs, version = data["labs"], data["version"]
            if not isinstance(labs, dict) or not isinstance(version, int):
                raise TypeError
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            aside = self.path.with_suffix(".broken.json")
            with contextlib.suppress(OSError):
                os.replace(self.path, aside)
            self.problem = f"The progress file could not be read and starts anew; the old one is kept as {aside}."
            return {}
        self._newer = version > VERSION
        if self._newer:
            self.problem = f"{self.path} was written by a newer release: it is read, and what you do now is not kept."
        return labs


def _understood(entry: dict[str, Any]) -> LabProgress:
    """One lab's entry, without what does not have the type that it should have."""
    passed, solutions = (
        [item for item in _as(list, entry.get(key)) if isinstance(item, str)] for key in ("passed", "solutions")
    )
    hints = {
        name: taken for name, taken in _as(dict, entry.get("hints")).items() if isinstance(taken, int) and taken >= 0
    }
    return LabProgress(passed, _as(int, entry.get("checks")), hints, solutions)


def _as(kind: type[_Kind], value: object) -> _Kind:
    return value if isinstance(value, kind) else kind()


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """While this is open, other notebooks wait before they read and write the file."""
    with lock.open("w") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _write_whole(path: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix="progress-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)  # whole or not at all
    except OSError:
        os.unlink(temporary)
        raise
