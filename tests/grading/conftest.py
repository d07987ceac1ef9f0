"""Courses to grade by, and what learners hand in."""

from __future__ import annotations

import nbformat
import pytest
from nbformat.v4 import new_code_cell

import labs.course.catalog
from labs.authoring.notebook import learner_notebook
from labs.course.catalog import NOTEBOOKS, ROOT
from labs.grading.batch import Options, grade_batch, stored_results
from labs.grading.submissions.submission import exercise_of


@pytest.fixture(scope="session")
def right(demo_lab):
    """Right answers to the demo's exercises, by their names."""
    return {exercise.name: exercise.solution for exercise in demo_lab.exercises}


@pytest.fixture(scope="session")
def answered():
    """Makes a learner's notebook of a lab with these answers to its exercises."""

    def make(pattern, **answers):
        notebook = learner_notebook(pattern.lesson)
        for cell in notebook.cells:
            cell.source = answers.get(exercise_of(cell), cell.source)
        return notebook

    return make


@pytest.fixture
def course(build_course, demo_lab, tmp_path, monkeypatch):
    """A clone whose only lab is the demo; what is graded meanwhile is graded by it."""
    root = tmp_path / "clone"
    build_course(root, demo_lab)
    monkeypatch.setattr(labs.course.catalog, "PATTERNS", root / "patterns")
    monkeypatch.setattr(labs.course.catalog, "NOTEBOOKS", root / "notebooks")
    return root


@pytest.fixture
def submit(course, answered, demo_lab, tmp_path):
    """Writes a submission with these answers; `change` may do anything else to it."""

    def write(change=None, **answers):
        notebook = answered(demo_lab, **answers)
        if change is not None:
            change(notebook)
        path = tmp_path / "submitted.ipynb"
        nbformat.write(notebook, path)
        return path

    return write


def exercise_cell(notebook, name):
    return next(cell for cell in notebook.cells if exercise_of(cell) == name)


@pytest.fixture(scope="session")
def grade():
    """Grades one submission; gives its result."""

    def run(path, out, **options):
        grade_batch([path], out, Options(**options))
        (result,) = stored_results(out)
        return result

    return run


def statuses(result):
    return [verdict.status.value for verdict in result.report.verdicts]


# Batches of the first lab
SOLVED = ROOT / "solutions" / "00_start_here.ipynb"
UNTOUCHED = NOTEBOOKS / "00_start_here.ipynb"


@pytest.fixture
def folders(tmp_path):
    """Where submissions are, and where results go."""
    (tmp_path / "in").mkdir()
    return tmp_path / "in", tmp_path / "out"


def hand_in(folder, name, *, source=SOLVED, cell=""):
    notebook = nbformat.read(source, as_version=4)
    if cell:
        notebook.cells.insert(1, new_code_cell(cell))
    nbformat.write(notebook, folder / f"{name}.ipynb")


def scores(out):
    return {result.learner: (result.score, result.points) for result in stored_results(out)}
