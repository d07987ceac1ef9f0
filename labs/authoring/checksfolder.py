"""What a lab's checks/ holds, as its author wrote it: names, docstrings, markers."""

from __future__ import annotations

import importlib
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from labs.course.catalog import Pattern
from labs.judge.run import list_checks

__all__ = ["OPTIONS", "CheckInfo", "inspect_checks"]

OPTIONS = ("level", "after", "points", "read")  # of `@pytest.mark.check`
_PACKAGE = "labs_inspected_checks"


@dataclass(frozen=True, slots=True)
class CheckInfo:
    """One check as the author declared it; empty where something was left out."""

    name: str  # with its parameters, as in a verdict
    doc: str
    exercise: str  # whose module it stands in
    level: str
    points: Any
    read: str
    after: list[str]
    unread: list[str]  # options of its mark that mean nothing

    @property
    def file(self) -> str:
        """The file that it stands in, relative to the lab's folder."""
        return f"checks/{self.exercise}.py"


def inspect_checks(pattern: Pattern) -> dict[str, Any]:
    """Every check as plain data, and pairs of a file and a sentence under "problems".

    Imports the modules in checks/: this wants a process of its own.
    """
    problems: list[tuple[str, str]] = []
    modules: dict[str, ModuleType] = {}
    package = ModuleType(_PACKAGE)
    package.__path__ = [str(pattern.checks_folder)]
    sys.modules[_PACKAGE] = package
    for file in pattern.checks_files:
        where = f"checks/{file.name}"
        try:
            modules[file.stem] = _import(file)
        except FileNotFoundError:
            problems.append((where, f"is missing: it holds the checks of the exercise {file.stem!r}"))
        except UnicodeDecodeError:
            problems.append((where, "is not UTF-8: save it as UTF-8"))
        except BaseException as error:  # SystemExit and pytest.skip.Exception, too
            problems.append((where, f"can't be imported: {type(error).__name__}: {error}"))
    if problems:
        return {"problems": problems, "checks": []}
    # pytest orders them by file, and collects what Python's own look at a module would miss: parameters.
    verdicts = list_checks(pattern).verdicts
    names = Counter(verdict.exercise for verdict in verdicts)
    for exercise in modules:
        if not names[exercise]:
            sentence = "holds no checks that pytest can collect: name them test_… and run pytest on the file"
            problems.append((f"checks/{exercise}.py", sentence))
    checks = [asdict(_info(modules[verdict.exercise], verdict.check, verdict.exercise)) for verdict in verdicts]
    return {"problems": problems, "checks": checks}


def _info(module: ModuleType, name: str, exercise: str) -> CheckInfo:
    function = getattr(module, name.partition("[")[0], None)
    marks = [mark for mark in getattr(function, "pytestmark", []) if mark.name == "check"]
    options: dict[str, Any] = dict(marks[0].kwargs) if marks else {}
    after = options.get("after", ())
    return CheckInfo(
        name=name,
        doc=(getattr(function, "__doc__", None) or "").strip(),
        exercise=exercise,
        level=options.get("level", "easy"),
        points=options.get("points", 1),
        read=options.get("read", ""),
        after=[after] if isinstance(after, str) else list(after),
        unread=[*sorted(options.keys() - set(OPTIONS)), *(repr(text) for mark in marks for text in mark.args)],
    )


def _import(path: Path) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError(path)
    path.read_text("utf-8")  # Python may read other encodings; what comes after reads this one
    return importlib.import_module(f"{_PACKAGE}.{path.stem}")
