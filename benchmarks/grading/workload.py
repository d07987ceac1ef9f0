"""The one workload: a solved lab's cells and checks, as each way of grading wants to have them.

Everybody executes the same cells, the lab's service with its exercises, and then the same checks against the service
that they define. The peers have no judge: their notebook holds a cell that serves `create_app` and runs the checks, and
for each exercise a cell (or a test) that looks at the verdicts.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from labs.authoring.answers import read_answers
from labs.course import catalog
from labs.course.catalog import Pattern
from labs.grading.submissions.submission import exercise_of
from labs.judge.run import list_checks

__all__ = ["KERNEL", "Workload", "submissions"]

SOLUTIONS = catalog.ROOT / "solutions"
KERNEL = "labs-benchmark"  # the name of the kernel that all peers start: the project's own Python

_CHECK = """
from labs.course.catalog import find_pattern
from labs.judge.run import run_checks
from labs.service import Runner

_runner = Runner(create_app)
_report = run_checks(find_pattern("{lab}"), _runner)
_runner.close()
_passed = {{verdict.check for verdict in _report.verdicts if verdict.score == verdict.points}}
"""
_LOOK = "assert {checks!r} <= _passed, {checks!r} - _passed"
_OTTER = """
from otter.test_files import test_case

OK_FORMAT = False
name = {exercise!r}
points = {points}


@test_case()
def test_{number}(env):
    if "_passed" not in env:
        exec(env_checks, env)
    assert {checks!r} <= env["_passed"]


env_checks = {check!r}
"""


class Workload:
    """One solved lab. `folder` is where its notebooks are written."""

    def __init__(self, pattern: Pattern) -> None:
        self.pattern = pattern
        self.lab = pattern.name
        self.solution = nbformat.read(SOLUTIONS / pattern.notebook_name, as_version=4)
        self.cells = [cell.source for cell in self.solution.cells if _counts(cell)]
        listed = list_checks(pattern).verdicts
        self.exercises = {
            name: {verdict.check for verdict in listed if verdict.exercise == name}
            for name in dict.fromkeys(verdict.exercise for verdict in listed)
        }
        self.checks = len(listed)

    def write_submissions(self, folder: Path, count: int) -> None:
        """Notebooks as learners hand them in: whole, each a little different."""
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            notebook = nbformat.from_dict(self.solution)
            (folder / f"learner{number:03}.ipynb").write_text(_marked(notebook, number), "utf-8")

    def plain(self) -> NotebookNode:
        """For papermill: the cells, the checks, and a cell that fails when one of them did."""
        return _notebook([*self._work(), *map(new_code_cell, self._looks())])

    def nbgrader(self) -> NotebookNode:
        """A notebook of nbgrader's own cells: exercises to be solved, and one graded cell for each exercise."""
        cells = self._work()
        for number, cell in enumerate(cells):
            exercise = cell.metadata.pop("exercise", "")
            cell.metadata["nbgrader"] = _nbgrader(exercise or f"cell{number}", solution=bool(exercise))
        for number, look in enumerate(self._looks()):
            cells.append(new_code_cell(look, metadata={"nbgrader": _nbgrader(f"points{number}", grade=True)}))
        return _notebook(cells)

    def otter(self) -> NotebookNode:
        """The cells alone: otter brings the checks along as tests."""
        return _notebook(self._work()[:-1])

    def write_autograder(self, path: Path) -> None:
        """otter's tests and options, as `otter assign` would pack them."""
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("otter_config.json", json.dumps({"lang": "python", "pdf": False}))
            for number, (exercise, checks) in enumerate(self.exercises.items()):
                text = _OTTER.format(
                    exercise=exercise, points=len(checks), number=number, checks=checks, check=self._check()
                )
                archive.writestr(f"tests/{exercise}.py", text)

    def _check(self) -> str:
        return _CHECK.format(lab=self.lab).strip()

    def _looks(self) -> list[str]:
        return [_LOOK.format(checks=checks) for checks in self.exercises.values()]

    def _work(self) -> list[NotebookNode]:
        cells = [
            new_code_cell(cell.source, metadata={"exercise": exercise_of(cell)})
            for cell in self.solution.cells
            if _counts(cell)
        ]
        return [*cells, new_code_cell(self._check())]


def submissions(pattern: Pattern, count: int) -> Iterator[tuple[str, str, int]]:
    """Names, notebooks and what each should score, in percent or -1 when that is not known beforehand.

    Real ones, repeated with variations: solved, untouched, and answered wrong in each way that the lab knows of.
    """
    solved = nbformat.read(SOLUTIONS / pattern.notebook_name, as_version=4)
    untouched = nbformat.read(catalog.NOTEBOOKS / pattern.notebook_name, as_version=4)
    wrong = [answer for answer in read_answers(pattern.folder, pattern.lesson)[0] if not answer.right]
    for number in range(count):
        if number % 5 == 3:
            notebook, expected = untouched, -1
        elif number % 5 == 4 and wrong:
            notebook, expected = nbformat.from_dict(solved), -1
            answer = wrong[number // 5 % len(wrong)]
            for cell in notebook.cells:
                cell.source = answer.cells.get(exercise_of(cell), cell.source)
        else:
            notebook, expected = solved, 100
        yield f"learner{number:05}", _marked(nbformat.from_dict(notebook), number), expected


def _marked(notebook: NotebookNode, number: int) -> str:
    for cell in notebook.cells:
        if exercise_of(cell):
            cell.source = f"# handed in by learner {number}\n{cell.source}"
    return nbformat.writes(notebook)


def _counts(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and (bool(exercise_of(cell)) or "service" in cell.metadata.get("tags", []))


def _notebook(cells: list[NotebookNode]) -> NotebookNode:
    about = {"name": KERNEL, "display_name": KERNEL, "language": "python"}
    for cell in cells:
        cell.metadata.pop("exercise", None)
    return new_notebook(cells=cells, metadata={"kernelspec": about})


def _nbgrader(name: str, *, solution: bool = False, grade: bool = False) -> dict[str, object]:
    about = {
        "schema_version": 3,
        "cell_type": "code",
        "grade_id": name,
        "locked": not solution,
        "solution": solution,
        "task": False,
    }
    return {**about, "grade": grade, **({"points": 1} if grade else {})}
