"""Read the answers that prove a lab's checks: right ones of different kinds, wrong ones with their cause."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from labs.course.lesson import Lesson
from labs.errors import UserError

__all__ = ["Answer", "AnswerError", "read_answer", "read_answers"]

KINDS = ("right", "wrong")
_FIELD = re.compile(r"(exercise|check|cause):\s*(.*)")
_CELL = re.compile(r"^# %%[ \t]*(.*)$", re.MULTILINE)


class AnswerError(UserError):
    """An answer file can't be used as it is; the text says which and what to do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One file under answers/: a drop-in replacement for the cells of one or more exercises."""

    path: Path
    right: bool
    title: str  # what it is: the docstring's first line
    cells: dict[str, str]  # exercise -> its source
    check: str = ""  # wrong answers: the check that must fail
    cause: str = ""  # wrong answers: words of the cause that the learner must be told

    @property
    def name(self) -> str:
        """Short enough for a line of progress: "wrong/no_ttl"."""
        return f"{self.path.parent.name}/{self.path.stem}"


def read_answers(folder: Path, lesson: Lesson) -> tuple[list[Answer], list[str]]:
    """Every answer of the lab in `folder`, in order, and one sentence for each file that can't be used."""
    answers: list[Answer] = []
    problems: list[str] = []
    for kind in KINDS:
        for path in sorted((folder / "answers" / kind).glob("*.py")):
            try:
                answers.append(read_answer(path, lesson))
            except AnswerError as error:
                problems.append(str(error))
    return answers, problems


def read_answer(path: Path, lesson: Lesson) -> Answer:
    """One answer; whether it is right is told by its folder. Raises AnswerError with one sentence."""
    try:
        text = path.read_text("utf-8")
        tree = ast.parse(text)
    except OSError as error:
        raise AnswerError(f"{path} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise AnswerError(f"{path} is not UTF-8: save it as UTF-8.") from None
    except (SyntaxError, ValueError) as error:
        line = f" in line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise AnswerError(f"{path} is not Python{line}: {getattr(error, 'msg', error)}.") from None
    docstring = ast.get_docstring(tree)
    if not docstring or not docstring.strip():
        raise AnswerError(f"{path} needs a docstring that says what the answer is, then `exercise:` and its name.")
    title, fields = _read_docstring(path, docstring)
    right = path.parent.name == "right"
    if right and (extra := [name for name in ("check", "cause") if name in fields]):
        raise AnswerError(f"{path} has `{extra[0]}:`, but a right answer fails no check: take the line out.")
    for name, what in (
        () if right else (("check", "the check that must fail"), ("cause", "what the learner must be told"))
    ):
        if not fields.get(name):
            raise AnswerError(f"{path} needs a line `{name}: …` in its docstring: {what}.")
    end = tree.body[0].end_lineno or 1
    cells = _read_cells(path, text.split("\n")[end:], fields.get("exercise", ""), lesson)
    return Answer(path, right, title, cells, fields.get("check", ""), fields.get("cause", ""))


def _read_docstring(path: Path, docstring: str) -> tuple[str, dict[str, str]]:
    title, *lines = docstring.strip().split("\n")
    if _FIELD.match(title):
        raise AnswerError(f"{path}: the docstring's first line says what the answer is; `{title.strip()}` comes below.")
    fields: dict[str, str] = {}
    current = ""
    for line in (line.strip() for line in lines):
        if match := _FIELD.match(line):
            current = match[1]
            if current in fields:
                raise AnswerError(f"{path} has two lines `{current}:` in its docstring: keep one.")
            fields[current] = match[2].strip()
        elif not line:
            current = ""
        elif current == "cause":  # a long one may go on in the next line
            fields["cause"] += f" {line}"
    return title.strip().rstrip("."), fields


def _read_cells(path: Path, lines: list[str], exercise: str, lesson: Lesson) -> dict[str, str]:
    text = "\n".join(lines)
    first, *rest = _CELL.split(text)
    if exercise and rest:
        raise AnswerError(
            f"{path} has both `exercise:` and lines `# %% name`: a file for one exercise has the first only."
        )
    if not exercise and not rest:
        raise AnswerError(
            f"{path} needs a line `exercise: name` in its docstring, or lines `# %% name` between its cells."
        )
    if rest and first.strip():
        raise AnswerError(f"{path} has code above its first line `# %% name`: it belongs below one of them.")
    names = [name.strip() for name in rest[::2]] if rest else [exercise]
    sources = rest[1::2] if rest else [first]
    known = [item.name for item in lesson.exercises]
    cells: dict[str, str] = {}
    for name, source in zip(names, sources, strict=True):
        if name not in known:
            raise AnswerError(f"{path} is for the exercise {name!r}, but the lesson has {', '.join(known) or 'none'}.")
        if name in cells:
            raise AnswerError(f"{path} has two cells `# %% {name}`: keep one.")
        if not source.strip():
            raise AnswerError(f"{path} has nothing in it for the exercise {name!r}.")
        cells[name] = source.strip("\n")
    return cells
