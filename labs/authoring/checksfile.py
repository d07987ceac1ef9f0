"""What a lab's checks.py holds, as its author wrote it: names, docstrings, markers."""

from __future__ import annotations

import importlib.util
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from labs.course.catalog import Pattern
from labs.judge.run import list_checks

__all__ = ["OPTIONS", "CheckInfo", "inspect_checks"]

OPTIONS = ("level", "after", "points", "read")  # of `@pytest.mark.check`, besides the exercise


@dataclass(frozen=True, slots=True)
class CheckInfo:
    """One check as the author declared it; empty where something was left out."""

    name: str  # with its parameters, as in a verdict
    doc: str
    exercise: str
    level: str
    points: Any
    read: str
    after: list[str]
    unread: list[str]  # options of its mark that mean nothing


def inspect_checks(pattern: Pattern) -> dict[str, Any]:
    """Every check as plain data, or a sentence under "problem". Imports checks.py: wants its own process."""
    try:
        module = _import(pattern.checks_file)
    except FileNotFoundError:
        return {"problem": "is missing: a lab is a folder with a lesson.md and a checks.py"}
    except UnicodeDecodeError:
        return {"problem": "is not UTF-8: save it as UTF-8"}
    except BaseException as error:  # SystemExit and pytest.skip.Exception, too
        return {"problem": f"can't be imported: {type(error).__name__}: {error}"}
    report = list_checks(pattern)
    if report.problem:
        return {"problem": "holds no checks that pytest can collect: name them test_… and run pytest on the file"}
    return {"checks": [asdict(_info(module, verdict.check)) for verdict in report.verdicts]}


def _info(module: ModuleType, name: str) -> CheckInfo:
    function = getattr(module, name.partition("[")[0], None)
    marks = [mark for mark in getattr(function, "pytestmark", []) if mark.name == "check"]
    options: dict[str, Any] = dict(marks[0].kwargs) if marks else {}
    after = options.get("after", ())
    return CheckInfo(
        name=name,
        doc=(getattr(function, "__doc__", None) or "").strip(),
        exercise=str(marks[0].args[0]) if marks and marks[0].args else "",
        level=options.get("level", "easy"),
        points=options.get("points", 1),
        read=options.get("read", ""),
        after=[after] if isinstance(after, str) else list(after),
        unread=sorted(options.keys() - set(OPTIONS)),
    )


def _import(path: Path) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError(path)
    path.read_text("utf-8")  # Python may read other encodings; what comes after reads this one
    spec = importlib.util.spec_from_file_location("labs_inspected_checks", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
