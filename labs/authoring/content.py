"""What `labs verify` refuses before it runs anything: a lab that is incomplete or contradicts itself."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from labs.authoring.answers import KINDS, Answer
from labs.authoring.checksfolder import OPTIONS, CheckInfo
from labs.course.lesson import Lesson, Level

__all__ = [
    "HINTS",
    "MINIMUM",
    "TOUR",
    "answer_problems",
    "check_problems",
    "lesson_problems",
    "stray_files",
    "unproven",
]

HINTS = 3  # for each exercise: a nudge, a direction, nearly the answer
MINIMUM = {"checks": 8, "right": 3, "wrong": 12}
TOUR = {"checks": 2, "right": 2, "wrong": 4}  # for the lab of order 0, which only shows the moves
ALLOWED_IMPORTS = ("pytest", "labs.judge")

_CACHES = ("__pycache__", ".ipynb_checkpoints", ".pytest_cache")
_FILES = re.compile(r"lesson\.(md|json)|checks/[^/]+\.py|answers/(right|wrong)/[^/]+\.py")


def lesson_problems(lesson: Lesson) -> Iterator[str]:
    """What lesson.md lacks."""
    if not lesson.exercises:
        yield "has no exercise: tag a cell `exercise` and give it a `:name:`"
    for exercise in lesson.exercises:
        if len(exercise.hints) != HINTS:
            yield f"exercise {exercise.name} has {_count(len(exercise.hints), 'hint')} instead of {HINTS}"
        if not any(
            f'lab.check("{exercise.name}")' in cell.source or "lab.check()" in cell.source
            for cell in lesson.cells
            if cell.kind == "code"
        ):
            call = f'lab.check("{exercise.name}")'
            yield f"exercise {exercise.name} is never checked: a cell with `{call}` belongs below it"
    for title in _twice(exercise.title for exercise in lesson.exercises):
        yield f"two exercises have the title “{title}”"
    code = [cell.source for cell in lesson.cells if cell.kind == "code"]
    opening = f'from labs import open_lab\n\nlab = open_lab("{lesson.name}")'
    if not code or code[0].strip() != opening:
        last = opening.rpartition("\n")[2]
        yield f"the first code cell has to be `from labs import open_lab`, an empty line, `{last}`"
    prose = "\n\n".join(cell.source for cell in lesson.cells if cell.kind == "markdown")
    if not re.search(r"^```mermaid$", prose, re.MULTILINE):
        yield "has no diagram: a fence ```mermaid shows the way of a request"
    if not re.search(r"^ *\|?[ :|-]*-{3,}[ :|-]*\|[ :|-]*$", prose, re.MULTILINE):
        yield "has no table: the lab's part of the contract belongs into one"


def check_problems(
    lesson: Lesson, checks: Sequence[CheckInfo], sources: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """What checks/ lacks or contradicts: a file, or the folder, and a sentence. `sources` are its files by name."""
    least = (MINIMUM if lesson.order else TOUR)["checks"]
    if len(checks) < least:
        yield "checks", f"has {_count(len(checks), 'check')}; a lab has at least {least}"
    headings = {_plain(heading) for heading in re.findall(r"^#+ +(.+)", _prose(lesson), re.MULTILINE)}
    names = {check.name for check in checks}
    earlier: set[str] = set()
    for check in checks:
        for sentence in _problems_of(check, headings):
            yield check.file, f"{check.name} {sentence}"
        for name in check.after:
            if name not in earlier:
                why = "comes later" if name in names else "does not exist"
                yield check.file, f"{check.name} waits for {name}, which {why}"
        earlier.add(check.name)
    for title in _twice(" ".join(check.doc.split("\n\n")[0].split()).rstrip(".") for check in checks if check.doc):
        yield "checks", f"two checks have the title “{title}”"
    yield from _source_problems(sources, {exercise.name for exercise in lesson.exercises})


def _problems_of(check: CheckInfo, headings: Collection[str]) -> Iterator[str]:
    if not check.doc:
        yield "has no docstring: its first line is the title that learners read"
    for option in check.unread:
        yield f"has `{option}` in its mark, which nothing reads: there are {', '.join(OPTIONS)}"
    if check.level not in list(Level):
        yield f"has the level {check.level!r}; it is one of {', '.join(Level)}"
    if not isinstance(check.points, int) or check.points < 1:
        yield f"is worth {check.points} points; it is worth 1 or more"
    if check.read and _plain(check.read) not in headings:
        yield f"sends learners to “{check.read}”, which is not a heading of the lesson"


def unproven(checks: Sequence[CheckInfo], answers: Sequence[Answer]) -> list[str]:
    """The checks that no wrong answer names: nothing shows that they can fail."""
    named = {answer.check.partition("[")[0] for answer in answers}
    return list(dict.fromkeys(name for check in checks if (name := check.name.partition("[")[0]) not in named))


def answer_problems(
    lesson: Lesson, checks: Sequence[CheckInfo], answers: Sequence[Answer]
) -> Iterator[tuple[Path | None, str]]:
    """What the answers lack: the file, or None for the folder, and the sentence."""
    least = MINIMUM if lesson.order else TOUR
    for kind in KINDS:
        found = sum(answer.right == (kind == "right") for answer in answers)
        if found < least[kind]:
            yield None, f"has {_count(found, f'{kind} answer')}; a lab has at least {least[kind]}"
    names = {check.name for check in checks}
    for answer in answers:
        if answer.check and checks and answer.check not in names:
            yield answer.path, f"names the check {answer.check}, which checks/ does not have"
    for title in _twice(answer.title for answer in answers):
        files = [answer.path for answer in answers if answer.title == title]
        yield files[1], f"has the same first line as {files[0].name}: “{title}”"


def stray_files(folder: Path) -> list[str]:
    """Files in a lab's folder that nothing reads, relative to it."""
    paths = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    kept = [path.as_posix() for path in paths if not set(path.parts) & set(_CACHES)]
    return [path for path in kept if not _FILES.fullmatch(path)]


def _source_problems(sources: Mapping[str, str], exercises: Collection[str]) -> Iterator[tuple[str, str]]:
    """What the files in checks/ contradict: `sources` by name."""
    checks: Counter[str] = Counter()
    for name, source in sources.items():
        try:
            tree = ast.parse(source)
        except SyntaxError:  # reported by the import
            continue
        functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        for function in _twice(iter(functions)):
            sentence = f"two functions are named {function}, and the first is lost: give one of them another name"
            yield f"checks/{name}.py", sentence
        tests = {function for function in functions if function.startswith("test_")}
        if tests and name not in exercises:
            yield f"checks/{name}.py", f"holds {min(tests)}, and no exercise of the lesson is called {name!r}"
        checks.update(tests)
        for module in _imports(tree):
            if module not in ALLOWED_IMPORTS and module.split(".")[0] not in (*sys.stdlib_module_names, "pytest", ""):
                sentence = f"imports {module}: checks use the standard library, pytest and labs.judge only"
                yield f"checks/{name}.py", sentence
    for name, count in checks.items():
        if count > 1:
            yield "checks", f"two modules have a check {name}: give one of them another name"


def _imports(tree: ast.Module) -> Iterator[str]:
    """The modules that a file imports; those beside it begin with a dot."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def _prose(lesson: Lesson) -> str:
    return "\n\n".join(cell.source for cell in lesson.cells if cell.kind == "markdown")


def _plain(heading: str) -> str:
    return " ".join(heading.strip("# ").split()).casefold()


def _twice(values: Iterator[str]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"
