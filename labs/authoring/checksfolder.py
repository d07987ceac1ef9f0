"""What a lab's checks/ holds, as its author wrote it: names, docstrings, markers."""

from __future__ import annotations

import importlib
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from labs.course.catalog import Pattern
from labs.course.lesson import Level
from labs.judge.run import list_checks

__all__ = ["OPTIONS", "CheckInfo", "FileProblem", "Inspection", "inspect_checks"]

OPTIONS = ("level", "after", "points", "read")  # of `@pytest.mark.check`
_PACKAGE = "labs_inspected_checks"


@dataclass(frozen=True, slots=True)
class CheckInfo:
    """One check as the author declared it; empty where something was left out."""

    name: str  # with its parameters, as in a verdict
    doc: str
    exercise: str  # whose module it stands in
    level: str
    points: int | str  # text, as Python shows it, when the author wrote no number
    read: str
    after: list[str]
    unread: list[str]  # options of its mark that mean nothing

    @property
    def file(self) -> str:
        """The file that it stands in, relative to the lab's folder."""
        return f"checks/{self.exercise}.py"


@dataclass(frozen=True, slots=True)
class FileProblem:
    """What is wrong with one of the files."""

    file: str  # relative to the lab's folder
    sentence: str  # what follows the file's name


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a look at checks/ found: every check, or what keeps the files from being read."""

    checks: tuple[CheckInfo, ...] = ()
    problems: tuple[FileProblem, ...] = ()


def inspect_checks(pattern: Pattern) -> Inspection:
    """Every check of a lab as its author declared it.

    Imports the modules in checks/: this wants a process of its own.
    """
    problems: list[FileProblem] = []
    modules: dict[str, ModuleType] = {}
    package = ModuleType(_PACKAGE)
    package.__path__ = [str(pattern.checks_folder)]
    sys.modules[_PACKAGE] = package
    for file in pattern.checks_files:
        where = f"checks/{file.name}"
        try:
            modules[file.stem] = _import(file)
        except FileNotFoundError:
            problems.append(FileProblem(where, f"is missing: it holds the checks of the exercise {file.stem!r}"))
        except UnicodeDecodeError:
            problems.append(FileProblem(where, "is not UTF-8: save it as UTF-8"))
        except BaseException as error:  # SystemExit and pytest.skip.Exception, too
            problems.append(FileProblem(where, f"can't be imported: {type(error).__name__}: {error}"))
    if problems:
        return Inspection(problems=tuple(problems))
    # Listed by pytest, which knows their order and their parameters.
    verdicts = list_checks(pattern).verdicts
    names = Counter(verdict.exercise for verdict in verdicts)
    for exercise in modules:
        if not names[exercise]:
            sentence = "holds no checks that pytest can collect: name them test_… and run pytest on the file"
            problems.append(FileProblem(f"checks/{exercise}.py", sentence))
    checks = [_info(modules[verdict.exercise], verdict.check, verdict.exercise) for verdict in verdicts]
    return Inspection(tuple(checks), tuple(problems))


def _info(module: ModuleType, name: str, exercise: str) -> CheckInfo:
    function = getattr(module, name.partition("[")[0], None)
    marks = [mark for mark in getattr(function, "pytestmark", []) if mark.name == "check"]
    options: dict[str, Any] = dict(marks[0].kwargs) if marks else {}  # Any: an author may write anything
    after, points = options.get("after", ()), options.get("points", 1)
    return CheckInfo(
        name=name,
        doc=(getattr(function, "__doc__", None) or "").strip(),
        exercise=exercise,
        level=str(options.get("level", Level.EASY)),
        points=points if type(points) is int else repr(points),
        read=str(options.get("read", "")),
        after=[str(name) for name in after] if isinstance(after, (list, tuple)) else [str(after)],
        unread=[*sorted(options.keys() - set(OPTIONS)), *(repr(text) for mark in marks for text in mark.args)],
    )


def _import(path: Path) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError(path)
    path.read_text("utf-8")  # Python may read other encodings; what comes after reads this one
    return importlib.import_module(f"{_PACKAGE}.{path.stem}")
