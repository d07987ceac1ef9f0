"""Join a lesson's cells into the module that a grader, `labs verify` and `labs check` serve."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from labs.course.lesson import Cell, Exercise, Lesson
from labs.errors import UserError

__all__ = ["assemble", "reference", "starters"]


def starters(lesson: Lesson, *, after: int = 0) -> dict[str, str]:
    """The exercises as the learner gets them, by name, without the first `after` ones (they are solved)."""
    return {exercise.name: exercise.starter for exercise in lesson.exercises[after:]}


def reference(lesson: Lesson) -> dict[str, str]:
    """The exercises with the lesson's own solution, by name."""
    return {exercise.name: exercise.solution for exercise in lesson.exercises}


def assemble(lesson: Lesson, exercises: Mapping[str, str] | None = None) -> str:
    """The source of one module: the cells tagged `service` and `exercise`, in the lesson's order.

    An exercise named in `exercises` gets that source, any other the reference. A learner's submission is
    `assemble(lesson, starters(lesson) | cells)`: what is missing from it is not started.

    A comment above each cell says which one it is, so that a traceback's line can be found.
    """
    given = dict(exercises or {})
    solutions = reference(lesson)
    if unknown := sorted(given.keys() - solutions.keys()):
        known = ", ".join(solutions) or "none"
        raise UserError(f"{lesson.name} has no exercise {unknown[0]!r}: its exercises are {known}.")
    parts = [
        (
            _label(cell, lesson),
            given.get(cell.exercise, solutions[cell.exercise]) if cell.exercise else cell.source,
        )
        for cell in lesson.cells
        if cell.kind == "code" and (cell.exercise or "service" in cell.tags)
    ]
    if not parts:
        raise UserError(f"{lesson.name} has no cell tagged `service` or `exercise`: there is no service to serve.")
    future: set[str] = set()
    text = "\n".join(f"# %% {label}\n{_without_future(source, future).rstrip()}\n" for label, source in parts)
    if future:  # only the first statement of a module may import from __future__; a cell may do it anywhere
        text = f"from __future__ import {', '.join(sorted(future))}\n\n{text}"
    return text


def _label(cell: Cell, lesson: Lesson) -> str:
    if not cell.exercise:
        return "provided"
    exercise: Exercise = next(item for item in lesson.exercises if item.name == cell.exercise)
    return f"{exercise.name} ({exercise.title})" if exercise.title != exercise.name else exercise.name


def _without_future(source: str, found: set[str]) -> str:
    """The source with its `from __future__` lines commented out, the imported names added to `found`."""
    if "__future__" not in source:
        return source
    try:
        body = ast.parse(source).body
    except SyntaxError:  # reported by whoever imports the module, with the line
        return source
    lines = source.split("\n")
    for statement in body:
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            found.update(alias.name for alias in statement.names)
            for number in range(statement.lineno - 1, statement.end_lineno or statement.lineno):
                lines[number] = "# (imported from __future__ at the top)"
    return "\n".join(lines)
