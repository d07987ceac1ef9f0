"""What a submission and its learner are called, told from where the instructor has put the file."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from labs.course.catalog import Pattern, find_patterns
from labs.grading.submissions.found import Found
from labs.grading.submissions.layouts import Layout

__all__ = ["Name", "Names", "labs_in", "stem"]

MAX_NAME = 200  # bytes of a submission's name: file systems take 255, and batches write more behind it
_ENDINGS = re.compile(r"\.(ipynb(\.(json|txt))?|zip)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Name:
    """One submission's name and its learner's."""

    submission: str  # unique in the batch and safe as a folder's name
    learner: str
    attempt: int = 0  # the platform's count of attempts; 0 where it does not count
    time: str = ""  # of the attempt, as the platform writes it; empty where it does not
    late: bool = False  # the platform marks it as late
    fits: bool = True  # False: the path does not fit the layout that was asked for


class Names:
    """Names the submissions of one batch, each differently.

    With a platform's layout, its pattern says who it is. Without one, a learner is called what remains of a file's path
    without names of labs: `ada/08_caching.ipynb`, `caching/ada.ipynb` and `ada.ipynb` are all ada's. Where nothing
    remains and several places were given, as by `*.zip`, the learner is called as the archive or folder that was given.
    What stands inside a learner's own archive never names anybody.
    """

    def __init__(self, *, several: bool, layout: Layout | None = None) -> None:
        self._several = several  # places were given on the command line
        self._layout = layout
        self._taken: dict[str, int] = {}
        patterns = find_patterns(without=())
        self._labs = {_plain(name) for pattern in patterns for name in (pattern.name, pattern.notebook_name)}

    def name(self, found: Found, given: Path | str) -> Name:
        """The names of a file found below `given`."""
        who = self._layout.who(found.parts) if self._layout is not None else None
        if who is not None:
            lab = self._lab_in((*found.inside, who.file))
            submission = self._unique(_safe("-".join(filter(None, (who.learner, lab)))))
            return Name(submission, who.learner, who.attempt, who.time, who.late)
        learner = [part for part in map(stem, found.parts) if _plain(part) not in self._labs]
        if not learner and self._several and _plain(_name_of_place(given)) not in self._labs:
            learner = [_name_of_place(given)]
        lab = self._lab_in((*found.parts, *found.inside))
        words = [*learner, lab] if learner and lab else learner or [lab]
        called = "/".join(learner) or stem((found.inside or found.parts)[-1])
        return Name(self._unique(_safe("-".join(words))), called, fits=self._layout is None)

    def _lab_in(self, parts: tuple[str, ...]) -> str:
        return next((stem(part) for part in reversed(parts) if _plain(stem(part)) in self._labs), "")

    def _unique(self, name: str) -> str:
        """The name, or with the first number behind it that makes it another one, whatever the case of its letters."""
        unique = name
        while unique.lower() in self._taken:
            self._taken[name.lower()] += 1
            unique = f"{name}-{self._taken[name.lower()]}"
        self._taken[unique.lower()] = 1
        return unique


def labs_in(source: str) -> list[Pattern]:
    """The labs that a file's own name speaks of, such as `ada_08_caching (2).ipynb`."""
    name = PurePosixPath(source.rpartition("!")[2]).name.lower().replace("-", "_").replace(" ", "_")
    found = [pattern for pattern in find_patterns() if re.search(rf"(?<![a-z]){pattern.name}(?![a-z])", name)]
    # "retry" in the name of a lab "retry_budget" speaks of the longer one.
    return [one for one in found if not any(one.name in other.name and one is not other for other in found)]


def stem(name: str) -> str:
    """A file's name without .ipynb, .zip, and what browsers add to them."""
    return _ENDINGS.sub("", name)


def _name_of_place(given: Path | str) -> str:
    """The name of the archive or folder that was given, or of the folder that the given notebook is in."""
    path = PurePosixPath(given if isinstance(given, str) else given.absolute())
    return stem((path.parent if ".ipynb" in path.name.lower() else path).name)


def _plain(name: str) -> str:
    return stem(name).lstrip("0123456789_-").replace("-", "_").replace(" ", "_").lower()


def _safe(name: str) -> str:
    """A folder's name on any system."""
    plain = unicodedata.normalize("NFKC", name)
    plain = re.sub(r"[^\w.-]+", "_", plain).strip("._-")[:80]
    return plain.encode()[:MAX_NAME].decode(errors="ignore") or "submission"
