"""Read a lab's one source, `lesson.md`: its front matter, its cells, its exercises with starter, solution and hints."""

from __future__ import annotations

import ast
import contextlib
import difflib
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from labs.backing import KINDS
from labs.errors import UserError

if TYPE_CHECKING:  # nbformat is read with the Markdown alone: most people read lesson.json
    from nbformat import NotebookNode

__all__ = [
    "Cell",
    "Exercise",
    "Lesson",
    "LessonError",
    "Level",
    "load_lesson",
    "no_lesson",
    "parse_lesson",
    "split_solution",
]

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
# The words that an author may write. Any other word is taken for a slip: what it was meant for would be missing.
FRONT = ("title", "order", "minutes", "backings", "optional_backings", "teaches")
OLD_FRONT = {"needs": "backings", "uses": "optional_backings", "seed": "teaches"}  # as earlier releases call them
OPTIONS = ("tags", "name", "title", "level", "exercise")
TAGS = ("service", "exercise", "hint")  # those of tools have a hyphen, as nbval-ignore-output
_JUPYTEXTS = ("jupytext", "kernelspec", "language_info")
_JUPYTERS = ("deletable", "editable", "jupyter", "mystnb", "slideshow")


class LessonError(UserError):
    """lesson.md can't be used as it is; the text says where and what to do."""


class Level(StrEnum):
    """How hard an exercise or a check is."""

    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"
    EXPERT = "expert"


@dataclass(slots=True)
class Exercise:
    """One thing the learner implements: one cell."""

    name: str  # unique in the lab; checks refer to it
    title: str
    level: Level
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
    metadata: dict[str, Any]  # as YAML has them
    exercise: str = ""  # name of the exercise that this cell is


@dataclass(slots=True)
class Lesson:
    """A lab's source, read and checked."""

    name: str
    title: str
    order: int
    minutes: int
    backings: list[str]  # kinds of backing services without which the lab has no subject
    optional_backings: list[str]  # those that its service gets as well
    teaches: str  # the heading of the seed document whose pattern this is
    digest: str  # SHA-256 of lesson.md
    exercises: list[Exercise]
    cells: list[Cell]

    def to_json(self) -> str:
        """The form in which it is kept beside lesson.md."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """A lesson from what `to_json` wrote. Raises ValueError, KeyError or TypeError for anything else."""
        data = json.loads(text)
        data["exercises"] = [Exercise(**{**item, "level": Level(item["level"])}) for item in data["exercises"]]
        data["cells"] = [Cell(**item) for item in data["cells"]]
        return cls(**data)


def load_lesson(folder: Path, *, from_source: bool = False) -> Lesson:
    """The lesson in this folder: from lesson.json when that is up to date, else from lesson.md. Raises LessonError.

    Reading Markdown imports jupytext, which takes 1.6 s: too long for a learner whose files are as released. With
    `from_source`, lesson.md is read whatever lesson.json holds: for those who build lesson.json and prove the lab.
    """
    source = folder / "lesson.md"
    try:
        text = source.read_text("utf-8")
    except OSError:
        raise no_lesson(folder) from None
    except UnicodeDecodeError:
        raise LessonError(f"{source} is not UTF-8: save it as UTF-8.") from None
    if not from_source:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            lesson = Lesson.from_json((folder / "lesson.json").read_text("utf-8"))
            if lesson.digest == _digest(text):
                return lesson
    return parse_lesson(folder.name, text, str(source))


def no_lesson(folder: Path) -> LessonError:
    """The error of a folder that has no lesson."""
    return LessonError(f"There is no {folder / 'lesson.md'}: a lab is a folder with lesson.md, checks/ and answers/.")


def parse_lesson(name: str, text: str, where: str = "lesson.md") -> Lesson:
    """Read MyST Markdown. Raises LessonError with one sentence that says where and what to do."""
    import jupytext

    try:
        notebook = jupytext.reads(text, fmt="md:myst")
    except Exception as error:
        raise LessonError(f"{where} is not MyST Markdown that Jupytext can read: {_first_line(error)}") from None
    front = {OLD_FRONT.get(key, key): value for key, value in notebook.metadata.items()}
    if not set(front) & set(FRONT):
        raise LessonError(f"{where} has to begin with front matter, two lines `---` around {', '.join(FRONT)}.")
    for field_name, fits, what in _FIELDS:
        if not fits(front.get(field_name)):
            raise LessonError(f"{where}: its front matter needs `{field_name}:`, {what}.")
    for problem in _unread(front, FRONT, _JUPYTEXTS):
        raise LessonError(f"{where}: its front matter has {problem}")
    kinds = {key: front.get(key) or [] for key in ("backings", "optional_backings")}
    for key, value in kinds.items():
        if not isinstance(value, list) or any(item not in KINDS for item in value):
            raise LessonError(f"{where}: `{key}:` is a list of some of {', '.join(KINDS)}.")
    lesson = Lesson(
        name,
        front["title"],
        front["order"],
        front["minutes"],
        **{key: list(value) for key, value in kinds.items()},
        teaches=front["teaches"],
        digest=_digest(text),
        exercises=[],
        cells=[],
    )
    _read_cells(lesson, notebook.cells, where)
    return lesson


def _read_cells(lesson: Lesson, cells: list[NotebookNode], where: str) -> None:
    heading = lesson.title
    hints: dict[str, list[str]] = {}
    defined: dict[str, str] = {}  # the names that exercises define, and in which
    for cell in cells:
        tags = list(cell.metadata.get("tags", []))
        for problem in _slips(cell, tags):
            raise LessonError(f"{where}: a cell below “{heading}” has {problem}")
        if cell.cell_type == "markdown" and "hint" in tags:
            hints.setdefault(_hinted(cell, heading, where), []).append(cell.source.strip())
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
            defined |= dict.fromkeys(_names_in(exercise.solution), exercise.name)
        elif cell.cell_type == "code":
            if "service" in tags and (problem := _syntax_problem(cell.source)):
                raise LessonError(f"{where}: the code below “{heading}” {problem}")
            if again := sorted(_names_in(cell.source) & defined.keys()):
                raise LessonError(
                    f"{where}: a cell below “{heading}” defines `{again[0]}`, over what the learner wrote in exercise "
                    f"{defined[again[0]]}: give it another name."
                )
        lesson.cells.append(kept)
    for exercise in lesson.exercises:
        exercise.hints = hints.pop(exercise.name, [])
    if hints:
        unknown = ", ".join(sorted(hints))
        raise LessonError(f"{where}: hints for {unknown}, but no exercise has that name.")


def _slips(cell: NotebookNode, tags: list[str]) -> Iterator[str]:
    """A phrase for each tag or option of a cell that nothing reads."""
    for tag in tags:
        if tag not in TAGS and "-" not in tag:
            yield f"the tag `{tag}`, which nothing reads: {_offer(tag, TAGS)}."
    yield from _unread(cell.metadata, OPTIONS, _JUPYTERS)


def _unread(given: Iterable[str], ours: Sequence[str], others: Sequence[str]) -> Iterator[str]:
    for key in given:
        if key not in ours and key not in others:
            yield f"`{key}:`, which nothing reads: {_offer(key, ours)}."


def _offer(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word.lower(), known, n=1)
    return f"`{near[0]}` may be meant" if near else f"there are {', '.join(known)}"


def _hinted(cell: NotebookNode, heading: str, where: str) -> str:
    """The exercise that a hint is for."""
    name = cell.metadata.get("exercise")
    if not isinstance(name, str):
        raise LessonError(
            f"{where}: a hint below “{heading}” has to say for which exercise: "
            '`+++ {"tags": ["hint"], "exercise": "name"}`.'
        )
    if held := _last_heading(cell.source):
        raise LessonError(
            f"{where}: a hint for {name} holds the heading “{held}”: a line `+++` ends a hint, "
            "and what stands above it is not part of the notebook."
        )
    return name


def _syntax_problem(source: str) -> str:
    """What is wrong with a cell's code; empty when it is Python."""
    try:
        ast.parse(source)
    except SyntaxError as error:
        return f"is not Python in line {error.lineno} of the cell: {error.msg}."
    return ""


def _names_in(source: str) -> set[str]:
    """The functions, classes and variables that a cell defines."""
    try:
        body = ast.parse(source).body
    except SyntaxError:  # magic commands, or what building will stop at
        return set()
    targets = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
    targets += [node.target for node in body if isinstance(node, ast.AnnAssign)]
    defined = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    return defined | {target.id for target in targets if isinstance(target, ast.Name)}


def _read_exercise(cell: NotebookNode, heading: str, where: str) -> Exercise:
    name = cell.metadata.get("name")
    if not isinstance(name, str) or not name.isidentifier():
        raise LessonError(f"{where}: an exercise cell needs `:name:`, a Python identifier (below “{heading}”).")
    given = cell.metadata.get("level", Level.EASY)
    try:
        level = Level(given)
    except ValueError:
        known = ", ".join(Level)
        raise LessonError(f"{where}: exercise {name} has the level {given!r}; it is one of {known}.") from None
    try:
        starter, solution = split_solution(cell.source.strip("\n"))
    except ValueError as error:
        raise LessonError(f"{where}: exercise {name}: {error}") from None
    for what, source in (("code", cell.source), ("starter", starter)):
        if problem := _syntax_problem(source):
            raise LessonError(f"{where}: exercise {name}: its {what} {problem}")
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


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


# What the front matter needs; `order` is a notebook's number, of two digits.
_FIELDS = (
    ("title", _is_text, "a text"),
    ("order", lambda value: type(value) is int and 0 <= value <= 99, "a whole number from 0 to 99"),
    ("minutes", lambda value: type(value) is int and value > 0, "a whole number above 0"),
    ("teaches", _is_text, "a text"),
)


def _first_line(error: Exception) -> str:
    if (mark := getattr(error, "problem_mark", None)) is not None:  # YAML's
        return f"its front matter, line {mark.line + 1}: {getattr(error, 'problem', None) or 'not YAML'}"
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
