"""The benchmark over again with fewer checks: in a copy of the workbook that holds one lab with the first few of its.

The first measurement, from which the aims come, had 8 checks. With more of them every way of grading spends more time
on the same work, and what tells them apart shows less.
"""

from __future__ import annotations

import ast
import os
import shutil
import sys
from pathlib import Path

from labs.course import catalog
from labs.course.catalog import find_pattern

__all__ = ["run_with_fewer"]

ROOT = Path(__file__).parents[2]


def run_with_fewer(lab: str, checks: int, folder: Path) -> None:
    """Replace this process by the same command in such a copy. Does not return."""
    pattern = find_pattern(lab)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "labs", folder / "labs", ignore=shutil.ignore_patterns("patterns", "__pycache__"))
    shutil.copytree(ROOT / "benchmarks", folder / "benchmarks", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(pattern.folder, folder / "labs/patterns" / lab, ignore=shutil.ignore_patterns("__pycache__"))
    for built in (catalog.NOTEBOOKS, ROOT / "solutions"):
        (folder / built.name).mkdir()
        shutil.copy(built / pattern.notebook_name, folder / built.name)
    left = checks
    for original in pattern.checks_files:
        file = folder / "labs/patterns" / lab / "checks" / original.name
        source, taken = _first(file.read_text("utf-8"), left)
        file.write_text(source, "utf-8")
        left -= taken
    os.environ["PYTHONPATH"] = str(folder)
    os.chdir(folder)
    os.execv(sys.executable, [sys.executable, "-m", "benchmarks.grading", *sys.argv[1:]])


def _first(source: str, count: int) -> tuple[str, int]:
    """A module's text without the tests behind the first `count`, and how many tests are left in it."""
    lines = source.splitlines()
    tests = [node for node in ast.parse(source).body if getattr(node, "name", "").startswith("test_")]
    for test in reversed(tests[count:]):
        first = min([test.lineno, *(decorator.lineno for decorator in test.decorator_list)])
        del lines[first - 1 : test.end_lineno]
    return "\n".join(lines) + "\n", min(count, len(tests))
