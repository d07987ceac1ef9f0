"""How learning platforms name what they let instructors download: who, which attempt, late or not, in a file's path."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from labs.errors import UserError

__all__ = ["LAYOUTS", "Layout", "Who", "guess_layout", "layout_of"]

# Each is searched in the path below what was given, its parts joined by "/". Sources: the platforms' own documentation
# of "Download all submissions" (Moodle assign, Canvas SpeedGrader, Blackboard grade centre) and nbgrader's zip_collect.
LAYOUTS = {
    "moodle": r"^(?:[^/]+/)*?(?P<name>[^/_]+)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_?/?(?P<file>.*)$",
    "canvas": r"^(?:[^/]+/)*?(?P<learner>[^/_]+?)(?P<late>_LATE)?_(?P<id>\d+)_(?P<upload>\d+)_"
    r"(?P<file>[^/]*?)(?:-(?P<attempt>\d+))?(?P<ending>\.[A-Za-z.]+)$",
    "blackboard": r"^(?:[^/]+/)*?(?P<assignment>[^/]*?)_(?P<learner>[^/_]+)_attempt_"
    r"(?P<time>\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)(?:_(?P<file>[^/]*))?(?:/.*)?$",
    "nbgrader": r"^(?:submitted/)?(?P<learner>[^/]+)/(?P<assignment>[^/]+)/(?P<file>[^/]+)$",
}
GUESSED = ("moodle", "canvas", "blackboard")  # unmistakable; nbgrader's is any two folders
_GROUPS = ("learner", "name", "id", "attempt", "time", "late", "file")


@dataclass(frozen=True, slots=True)
class Who:
    """Whose file it is, as its path says."""

    learner: str  # what tells people apart: a login or, where the platform gives none, a name
    file: str  # what the learner called the file; tells which lab it is for
    attempt: int = 0  # 1 for the first one again, 2, …; 0 where the platform does not count
    time: str = ""  # of the attempt, "2026-11-30-12-34-56"; empty where the path does not say
    late: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to name files: a regular expression with named groups, as nbgrader's collectors use them."""

    name: str
    pattern: re.Pattern[str]

    def who(self, parts: Sequence[str]) -> Who | None:
        """Whose file it is; None when its path does not fit. Raises UserError when the path fits and names nobody."""
        path = "/".join(parts)
        found, *more = [*self.pattern.finditer(path), None]
        if found is None:
            return None
        if more[:-1]:
            raise UserError(f"--names {self.name} fits {path!r} more than once: let it begin with ^.")
        said = {name: value or "" for name, value in found.groupdict().items()}
        learner = said.get("learner") or said.get("name") or said.get("id") or ""
        if not learner.strip():
            raise UserError(f"--names {self.name} fits {path!r} and names nobody in it.")
        attempt = said.get("attempt", "")
        return Who(
            learner=learner.strip(),
            file=said.get("file", "") or parts[-1],
            attempt=int(attempt) if attempt.isdigit() else 0,
            time=said.get("time", ""),
            late=bool(said.get("late")),
        )


def layout_of(option: str) -> Layout:
    """What `--names` means: a platform's name or a regular expression. Raises UserError with one sentence."""
    if option in LAYOUTS:
        return Layout(option, re.compile(LAYOUTS[option], re.IGNORECASE))
    if option.isidentifier():
        raise UserError(f"--names {option} is not known: it is one of {', '.join(LAYOUTS)}, or a regular expression.")
    try:
        pattern = re.compile(option)
    except re.error as error:
        raise UserError(f"--names: {option!r} is not a regular expression ({error}).") from None
    if not {"learner", "name", "id"} & pattern.groupindex.keys():
        raise UserError(
            f"--names: {option!r} does not say who it is: it needs a group such as (?P<learner>[^/]+). "
            f"Groups that are read: {', '.join(_GROUPS)}."
        )
    return Layout(option, pattern)


def guess_layout(paths: Sequence[Sequence[str]]) -> Layout | None:
    """The platform whose layout every one of these paths fits, if there is exactly one; None otherwise."""
    if not paths:
        return None
    layouts = [layout_of(name) for name in GUESSED]
    fitting = [layout for layout in layouts if all(layout.who(parts) is not None for parts in paths)]
    return fitting[0] if len(fitting) == 1 else None
