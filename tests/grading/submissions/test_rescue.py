"""A right answer is not lost to the way it was handed in, and nobody gains by what was rescued."""

from __future__ import annotations

import copy
import json
import uuid

import pytest

from labs.course.catalog import ROOT, find_pattern
from labs.errors import UserError
from labs.grading.submissions.submission import exercise_of, parse_submission
from labs.judge.slips import pasting_slip

LAB = "caching"
PATTERN = find_pattern(LAB)
EXERCISES = [exercise.name for exercise in PATTERN.exercises]


@pytest.fixture(scope="module")
def solved():
    path = ROOT / "solutions" / PATTERN.notebook_name
    notebook = json.loads(path.read_text("utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    return notebook


def handed_in(notebook, change, name="ada.ipynb"):
    changed = copy.deepcopy(notebook)
    change(changed)
    return parse_submission(json.dumps(changed).encode(), name)


def place_of(notebook, exercise):
    return next(n for n, cell in enumerate(notebook["cells"]) if exercise_of(cell) == exercise)


def answers_of(submission):
    return {exercise_of(cell): cell.source for cell in submission.notebook.cells if exercise_of(cell)}


def no_marks_on_cells(notebook):
    for cell in notebook["cells"]:
        cell["metadata"] = {}


def uploaded_elsewhere_and_back(notebook):
    no_marks_on_cells(notebook)
    for cell in notebook["cells"]:
        cell["id"] = uuid.uuid4().hex[:8]
        cell["source"] += "\n"
    notebook["metadata"] = {"colab": {"provenance": []}}


def typed_anew(*exercises):
    def change(notebook):
        for exercise in exercises:
            n = place_of(notebook, exercise)
            source = notebook["cells"][n]["source"]
            notebook["cells"][n] = {"cell_type": "code", "metadata": {}, "outputs": [], "source": source}

    return change


def no_mark_on_the_notebook(notebook):
    del notebook["metadata"]["labs"]


def printed_a_lot(notebook):
    text = ("y" * 99 + "\n") * 120_000
    notebook["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": text}]


@pytest.mark.parametrize(
    ("change", "name", "told"),
    [
        (no_marks_on_cells, "ada.ipynb", "Found by the cell's id"),
        (uploaded_elsewhere_and_back, "ada_08_caching (2).ipynb", "Found by what is defined there"),
        (uploaded_elsewhere_and_back, "my homework FINAL.ipynb", "By what its cells hold it is the lab caching"),
        (typed_anew(*EXERCISES[:2]), "ada.ipynb", "Found by what is defined there"),
        (no_mark_on_the_notebook, "08_caching.ipynb", "By its name it is the lab caching"),
        (printed_a_lot, "ada.ipynb", ""),
    ],
)
def test_the_whole_answer_is_found(solved, change, name, told):
    as_built = answers_of(handed_in(solved, lambda notebook: None))
    submission = handed_in(solved, change, name)
    found = answers_of(submission)
    assert {exercise: source.strip() for exercise, source in found.items()} == as_built
    assert submission.shipped, "the same answers as the reference"
    assert told in " ".join(submission.notes)
    assert [cell for cell in submission.notebook.cells if cell.metadata.get("labs", {}).get("extra")] == []


def test_a_cell_with_a_fence_is_found_by_what_is_inside_and_the_cause_is_named(solved):
    def fenced(notebook):
        typed_anew("write_user")(notebook)
        (cell,) = [cell for cell in notebook["cells"] if cell["source"].startswith("async def write_user")]
        cell["source"] = f"```python\n{cell['source']}\n```"

    submission = handed_in(solved, fenced)
    assert answers_of(submission)["write_user"].startswith("```python")
    assert "The cell of exercise write_user holds a Markdown fence (```python)" in " ".join(submission.notes)


def test_a_cell_that_can_not_be_read_is_found_by_its_place(solved):
    def broken(notebook):
        n = place_of(notebook, "write_user")
        notebook["cells"][n] = {"cell_type": "code", "metadata": {}, "source": "async def write_user(:\n    pass"}

    submission = handed_in(solved, broken)
    assert answers_of(submission)["write_user"] == "async def write_user(:\n    pass"
    assert "Found by the place in the notebook" in " ".join(submission.notes)


def test_a_cell_of_ones_own_is_no_exercise(solved):
    def deleted(notebook):
        n = place_of(notebook, "write_user")
        notebook["cells"][n] = {"cell_type": "code", "metadata": {}, "source": "print('I will do it tomorrow')"}

    submission = handed_in(solved, deleted)
    assert "NotImplementedError" in answers_of(submission)["write_user"]
    assert "Exercise write_user was not attempted: its cell is missing." in submission.notes


def test_an_exercise_with_its_mark_is_not_replaced_by_a_cell_that_defines_the_same(solved):
    starter = next(exercise.starter for exercise in PATTERN.exercises if exercise.name == "write_user")

    def two(notebook):
        n = place_of(notebook, "write_user")
        notebook["cells"][n]["source"] = starter
        notebook["cells"].insert(
            0, {"cell_type": "code", "metadata": {}, "source": "async def write_user():\n    return 1"}
        )

    submission = handed_in(solved, two)
    assert answers_of(submission)["write_user"] == starter


def test_provided_cells_stay_the_releases(solved):
    def forged(notebook):
        uploaded_elsewhere_and_back(notebook)
        n = next(n for n, cell in enumerate(notebook["cells"]) if "def naive_app" in cell["source"])
        notebook["cells"][n]["source"] = "raise SystemExit"

    submission = handed_in(solved, forged)
    release = handed_in(solved, lambda notebook: None)
    service = [cell.source for cell in release.notebook.cells if "service" in cell.metadata.get("tags", [])]
    assert [cell.source for cell in submission.notebook.cells if "service" in cell.metadata.get("tags", [])] == service


@pytest.mark.parametrize("name", ["notes.ipynb", "08_caching.ipynb"])
def test_another_courses_notebook_is_not_taken_for_a_lab(name):
    cells = [{"cell_type": "code", "metadata": {}, "source": f"x = {n}", "outputs": []} for n in range(5)]
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    with pytest.raises(UserError, match="It is not a notebook of this course: its metadata names no lab"):
        parse_submission(json.dumps(notebook).encode(), name)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("```python\nx = 1\n```", "holds a Markdown fence (```python), which is not Python: delete the lines with ```"),
        ("x = 1\n>>> y = 2", "holds prompts (>>>), as copied from a terminal: delete them"),
        ("x = “1”", "has a typographic quotation mark (“) in line 1: type a plain one"),
        ("if x:\n        y = 1\n\tz = 2", "mixes tabs and spaces in line 3: indent with spaces alone"),
        ("if x:\n\u00a0\u00a0y = 1", "has a space in line 2 that is not a plain one: type it anew"),
        ("def f(:", ""),
        ("x = '“fine”'", ""),
        ("x = 1", ""),
        ("\0", ""),
    ],
)
def test_what_pasting_does_to_code_is_named(source, said):
    assert pasting_slip(source) == said
