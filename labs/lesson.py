"""Read a lab's one source, `lesson.md`: its front matter, its cells, its exercises with starter, solution and hints."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from labs.errors import UserError

__all__ = ["Cell", "Exercise", "Lesson", "LessonError", "load_lesson", "parse_lesson", "split_solution"]

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
NEEDS = ("database", "cache", "downstream")
LEVELS = ("easy", "medium", "hard", "expert")


class LessonError(UserError):
    """lesson.md can't be used as it is; the text says where and what to do."""


@dataclass(slots=True)
class Exercise:
    """One thing the learner implements: one cell."""

    name: str  # unique in the lab; checks refer to it
    title: str
    level: str  # easy, medium, hard or expert
    heading: str  # the lesson's heading above the cell
    starter: str  # the cell as the learner gets it
    solution: str  # the cell with the reference
    hints: list[str] = field(default_factory=list)  # Markdown, from a nudge to nearly the answer


@dataclass(slots=True)
class Cell:
    """One cell of the lesson, hints left out."""

    kind: str  # "markdown" or "code"
    source: str  # with the solution markers
    tags: list[str]
    metadata: dict[str, Any]
    exercise: str = ""  # name of the exercise that this cell is


@dataclass(slots=True)
class Lesson:
    """A lab's source, read and checked."""

    name: str
    title: str
    order: int
    minutes: int
    needs: list[str]  # backing services without which the lab has no subject
    uses: list[str]  # those that are there as well
    seed: str  # the heading of the seed document that this lab teaches
    digest: str  # SHA-256 of lesson.md
    exercises: list[Exercise]
    cells: list[Cell]

    def to_json(self) -> str:
        """The form in which it is kept beside lesson.md."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The opposite of to_json."""
        data = json.loads(text)
        data["exercises"] = [Exercise(**item) for item in data["exercises"]]
        data["cells"] = [Cell(**item) for item in data["cells"]]
        return cls(**data)


def load_lesson(folder: Path) -> Lesson:
    """The lesson in this folder: from lesson.json when that is up to date, else from lesson.md.

    Reading Markdown imports jupytext, which takes 1.6 s: too long for a learner whose files are as released.
    """
    source = folder / "lesson.md"
    try:
        text = source.read_text("utf-8")
    except OSError:
        raise LessonError(f"There is no {source}: a lab is a folder with a lesson.md and a checks.py.") from None
    except UnicodeDecodeError:
        raise LessonError(f"{source} is not UTF-8: save it as UTF-8.") from None
    try:
        lesson = Lesson.from_json((folder / "lesson.json").read_text("utf-8"))
        if lesson.digest == _digest(text):
            return lesson
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return parse_lesson(folder.name, text, str(source))


def parse_lesson(name: str, text: str, where: str = "lesson.md") -> Lesson:
    """Read MyST Markdown. Raises LessonError with one sentence that says where and what to do."""
    import jupytext

    try:
        notebook = jupytext.reads(text, fmt="md:myst")
    except Exception as error:
        raise LessonError(f"{where} is no MyST Markdown that Jupytext can read: {_first_line(error)}") from None
    front = notebook.metadata
    for field_name, kind in (("title", str), ("order", int), ("minutes", int), ("seed", str)):
        if not isinstance(front.get(field_name), kind):
            raise LessonError(f"{where}: its front matter needs `{field_name}:`, {_kind(kind)}.")
    kinds = {key: front.get(key) or [] for key in ("needs", "uses")}
    for key, value in kinds.items():
        if not isinstance(value, list) or set(value) - set(NEEDS):
            raise LessonError(f"{where}: `{key}:` is a list of some of {', '.join(NEEDS)}.")
    lesson = Lesson(
        name,
        front["title"],
        front["order"],
        front["minutes"],
        **{key: list(value) for key, value in kinds.items()},
        seed=front["seed"],
        digest=_digest(text),
        exercises=[],
        cells=[],
    )
    _read_cells(lesson, notebook.cells, where)
    return lesson


def _read_cells(lesson: Lesson, cells: list[Any], where: str) -> None:
    heading = lesson.title
    hints: dict[str, list[str]] = {}
    for cell in cells:
        tags = list(cell.metadata.get("tags", []))
        if cell.cell_type == "markdown" and "hint" in tags:
            hints.setdefault(str(cell.metadata.get("exercise")), []).append(cell.source.strip())
            continue
        if cell.cell_type == "markdown":
            heading = _last_heading(cell.source) or heading
        metadata = {key: value for key, value in cell.metadata.items() if key != "tags"}
        kept = Cell(cell.cell_type, cell.source.strip("\n"), tags, metadata)
        if "exercise" in tags:
            exercise = _read_exercise(cell, heading, where)
            if exercise.name in [other.name for other in lesson.exercises]:
                raise LessonError(f"{where}: two exercises are named {exercise.name!r}; names must differ.")
            lesson.exercises.append(exercise)
            kept.exercise = exercise.name
        lesson.cells.append(kept)
    for exercise in lesson.exercises:
        exercise.hints = hints.pop(exercise.name, [])
    if hints:
        unknown = ", ".join(sorted(hints))
        raise LessonError(f"{where}: hints for {unknown}, but no exercise has that name.")


def _read_exercise(cell: Any, heading: str, where: str) -> Exercise:
    name = cell.metadata.get("name")
    if not isinstance(name, str) or not name.isidentifier():
        raise LessonError(f"{where}: an exercise cell needs `:name:`, a Python identifier (below “{heading}”).")
    level = cell.metadata.get("level", "easy")
    if level not in LEVELS:
        raise LessonError(f"{where}: exercise {name} has the level {level!r}; it is one of {', '.join(LEVELS)}.")
    try:
        starter, solution = split_solution(cell.source.strip("\n"))
    except ValueError as error:
        raise LessonError(f"{where}: exercise {name}: {error}") from None
    title = cell.metadata.get("title") or name.replace("_", " ")
    return Exercise(name, title, level, heading, starter, solution)


def split_solution(source: str) -> tuple[str, str]:
    """A cell's starter and its solution: what is between the markers is replaced by `raise NotImplementedError`.

    Raises ValueError when markers are missing, unpaired or outside a function.
    """
    starter: list[str] = []
    solution: list[str] = []
    inside = False
    regions = 0
    for line in source.split("\n"):
        marker = line.strip()
        if marker == BEGIN:
            if inside:
                raise ValueError(f"{BEGIN} twice without {END}.")
            inside, regions = True, regions + 1
            indent = line[: len(line) - len(line.lstrip())]
            if not indent:
                raise ValueError(f"{BEGIN} stands outside a function, so the untouched notebook would not run.")
            starter.append(f"{indent}raise NotImplementedError")
        elif marker == END:
            if not inside:
                raise ValueError(f"{END} without {BEGIN}.")
            inside = False
        else:
            solution.append(line)
            if not inside:
                starter.append(line)
    if inside or not regions:
        raise ValueError(f"it needs {BEGIN} and {END} around the reference.")
    return "\n".join(starter), "\n".join(solution)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _last_heading(source: str) -> str:
    in_fence = False
    found = ""
    for line in source.split("\n"):
        if line.startswith("```"):
            in_fence = not in_fence
        elif not in_fence and (match := re.match(r"#{1,4} +(.+)", line)):
            found = match[1].strip()
    return found


def _kind(kind: type) -> str:
    return {str: "a text", int: "a whole number"}[kind]


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
