"""The course: which labs there are, in which order, and where their files stand."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from labs.course.lesson import Exercise, Lesson, load_lesson, no_lesson
from labs.errors import UserError

__all__ = ["NOTEBOOKS", "PATTERNS", "ROOT", "Pattern", "find_pattern", "find_patterns", "left_out", "use_course"]

PACKAGE = Path(__file__).parents[1]
ROOT = PACKAGE.parent  # the clone: notebooks and solutions stand here
PATTERNS = PACKAGE / "patterns"
NOTEBOOKS = ROOT / "notebooks"  # as built for learners


@dataclass(frozen=True)
class Pattern:
    """One lab: a folder with lesson.md, checks/ and answers/."""

    folder: Path

    @property
    def name(self) -> str:
        """The folder's name: how learners, commands and checks call the lab."""
        return self.folder.name

    @cached_property
    def lesson(self) -> Lesson:
        """The lesson; LessonError when lesson.md is broken."""
        return load_lesson(self.folder)

    @property
    def title(self) -> str:
        """The lesson's title."""
        return self.lesson.title

    @property
    def backings(self) -> tuple[str, ...]:
        """The kinds of backing services that its service gets: some of `labs.backing.KINDS`."""
        return (*self.lesson.backings, *self.lesson.optional_backings)

    @property
    def exercises(self) -> list[Exercise]:
        """The exercises, in the order of the lesson."""
        return self.lesson.exercises

    @property
    def checks_folder(self) -> Path:
        """The folder of the pytest modules that judge a service, and of what they share."""
        return self.folder / "checks"

    @property
    def checks_files(self) -> list[Path]:
        """The modules with checks, one for each exercise and called like it, in the order of the lesson."""
        return [self.checks_folder / f"{exercise.name}.py" for exercise in self.exercises]

    @property
    def checks_sources(self) -> list[Path]:
        """Every file on which a verdict depends: the modules with checks, then what they share. Some may be missing."""
        files = self.checks_files
        return [*files, *(file for file in sorted(self.checks_folder.glob("*.py")) if file not in files)]

    @property
    def notebook_name(self) -> str:
        """The name of the built notebook, in notebooks/ and in solutions/."""
        return f"{self.lesson.order:02d}_{self.name}.ipynb"

    def exercise(self, name: str) -> Exercise:
        """An exercise by name; UserError, with the known ones, for another name."""
        for exercise in self.exercises:
            if exercise.name == name:
                return exercise
        known = ", ".join(exercise.name for exercise in self.exercises)
        raise UserError(f"{name!r} is not an exercise of this lab; it has {known}.")


def find_patterns(without: Iterable[str] | None = None) -> list[Pattern]:
    """Every lab of the course, in its order, without those that need what a company template goes `without`.

    Without an argument LABS_WITHOUT decides, which `labs start --without` sets for the notebooks.
    """
    cut = set(left_out() if without is None else without)
    patterns = [Pattern(file.parent) for file in PATTERNS.glob("*/lesson.md")]
    kept = [pattern for pattern in patterns if not cut.intersection(pattern.lesson.backings)]
    return sorted(kept, key=lambda pattern: (pattern.lesson.order, pattern.name))


def use_course(patterns: Path, notebooks: Path) -> None:
    """Take the labs from another folder, in this process alone."""
    global PATTERNS, NOTEBOOKS  # a process has one course
    PATTERNS, NOTEBOOKS = patterns, notebooks


def left_out() -> list[str]:
    """What the course goes without, as LABS_WITHOUT says: some of database and cache, separated by commas."""
    return [word for word in os.environ.get("LABS_WITHOUT", "").split(",") if word]


def find_pattern(name: str) -> Pattern:
    """One lab by name, such as "caching" or "08_caching"; UserError, with the known ones, for another name."""
    folders = {file.parent.name: file.parent for file in PATTERNS.glob("*/lesson.md")}
    plain = name.removesuffix(".ipynb").lstrip("0123456789_").replace("-", "_").replace(" ", "_").lower()
    if plain in folders:
        pattern = Pattern(folders[plain])
        if cut := sorted(set(left_out()).intersection(pattern.lesson.backings)):
            raise UserError(f"{plain} is not part of this course: it needs a {cut[0]}, and the course goes without.")
        return pattern
    if name in folders:
        raise UserError(f"{folders[name]} can't be a lab's folder: name it {plain}.")
    if (begun := PATTERNS / plain) in PATTERNS.glob("*/"):
        raise no_lesson(begun)
    near = difflib.get_close_matches(plain, folders, n=1)
    guess = f"Did you mean {near[0]!r}? " if near else ""
    raise UserError(f"There is no lab {name!r}. {guess}The labs are: {', '.join(sorted(folders))}.")
