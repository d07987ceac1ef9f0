"""What a learner has done so far, in one small file outside version control."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["LabProgress", "Progress", "default_path"]


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
    """Reads and writes the progress file. A missing or broken file is an empty one; a broken one is kept aside.

    Nothing here ever raises for what is in the file or for a disk that can't be written: progress is a
    convenience, and a learner must be able to go on without it. `problem` then holds one sentence.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path  # None: nothing is read and nothing is kept
        self.problem = ""

    def lab(self, name: str) -> LabProgress:
        """One lab's progress."""
        entry = self._read().get(name)
        try:
            return LabProgress(**entry) if isinstance(entry, dict) else LabProgress()
        except TypeError:  # fields of another release
            return LabProgress()

    def labs(self) -> dict[str, LabProgress]:
        """Every lab that was begun."""
        return {name: self.lab(name) for name in self._read()}

    def save(self, name: str, progress: LabProgress) -> None:
        """Write one lab's progress, leaving the others as they are on disk by now (other notebooks write, too)."""
        if self.path is None:
            return
        labs = self._read()
        labs[name] = asdict(progress)
        text = json.dumps({"version": 1, "labs": labs}, indent=1, sort_keys=True) + "\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self.path.parent, prefix="progress-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(temporary, self.path)  # whole or not at all
        except OSError as error:
            self.problem = f"Your progress could not be saved in {self.path} ({error.strerror}); the checks work without."

    def _read(self) -> dict[str, Any]:
        if self.path is None:
            return {}
        try:
            data = json.loads(self.path.read_text("utf-8"))
            labs = data["labs"]
            if not isinstance(labs, dict):
                raise TypeError
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError):
            aside = self.path.with_suffix(".broken.json")
            with contextlib.suppress(OSError):
                os.replace(self.path, aside)
            self.problem = f"The progress file could not be read and starts anew; the old one is kept as {aside}."
            return {}
        return labs
