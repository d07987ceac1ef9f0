"""A submission's cells, completed by those of the release; and one sentence for each file that is not a submission."""

from __future__ import annotations

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from labs.cli import main
from labs.grading.batch import stored_results
from labs.grading.submissions.submission import parse_submission
from tests.grading.conftest import exercise_cell


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "It is not valid JSON"),
        (b"{\xff", "It is not UTF-8 text"),
        (b"PK\x03\x04\xff", "It is not a zip archive that can be read"),
        (b"[" * 100_000, "It is not valid JSON"),
        (b"[1, 2]", "It is not a notebook."),
        (b'{"cells": [], "nbformat": "4", "nbformat_minor": 0, "metadata": {}}', "It is not a notebook."),
        (b'{"cells": [1], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "It is not a valid notebook"),
        (b'{"cells": [], "nbformat": 3, "nbformat_minor": 0, "metadata": {}}', "It has notebook format 3, and 4 is needed"),
        (b'{"cells": [{"cell_type": "code", "source": "x", "metadata": 1}], "nbformat": 4, "nbformat_minor": 5,'
         b'"metadata": {"labs": {"lab": "demo"}}}', "It is not a valid notebook"),
        (b'{"cells": [], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "It is not a notebook of this course"),
        (b'{"cells": [], "nbformat": 4, "nbformat_minor": 5, "metadata": {"labs": "demo"}}', "It is not a notebook of this course"),
        (b'{"cells": [], "nbformat": 4, "nbformat_minor": 5, "metadata": {"labs": {"lab": "other"}}}', "There is no lab 'other'."),
        (b" " * (5 * 1024 * 1024 + 1), "It is not valid JSON"),
    ],
)  # fmt: skip
def test_what_is_no_submission_is_one_sentence_in_its_report(course, tmp_path, capsys, content, sentence):
    (tmp_path / "submitted.ipynb").write_bytes(content)
    assert main(["grade", str(tmp_path / "submitted.ipynb"), "--out", str(tmp_path / "out")]) == 0
    (result,) = stored_results(tmp_path / "out")
    assert result.outcome == "rejected"
    assert result.sentence.startswith(sentence)
    said = capsys.readouterr()
    assert f"\n{tmp_path / 'submitted.ipynb'}: {sentence}" in said.err
    assert said.out.startswith("0 judged, 1 rejected. Results: ")


def test_the_release_is_completed_by_the_learners_cells(submit, right):
    def tamper(notebook):
        exercise_cell(notebook, "greet").cell_type = "markdown"
        exercise_cell(notebook, "count").metadata["labs"] = {"exercise": ["odd"]}
        notebook.cells[-1].source = "create_app = None"  # a provided cell
        notebook.cells[0].metadata["labs"] = "odd"
        notebook.metadata.labs["lesson"] = "another"
        notebook.metadata.labs["release"] = "0.0.1"

    submission = parse_submission(submit(tamper, **right).read_bytes())
    sources = [cell.source for cell in submission.notebook.cells]
    assert "create_app = None" not in sources
    assert any("def create_app() -> FastAPI:" in source for source in sources)
    assert sum("raise NotImplementedError" in source for source in sources) == 1, "count is found by its cell's id"
    assert submission.notes == [
        "The notebook was made for another release (0.0.1): your exercises were judged with the provided cells of this one.",
        "The cell of exercise greet is not a code cell: turn it back into one.",
        "The course's marks are gone from the cell of exercise count, as some editors drop them. "
        "Found by the cell's id, and judged all the same.",
        "Exercise greet was not attempted: its cell is missing.",
    ]


def test_a_split_exercise_keeps_all_of_its_parts_in_order(submit, right):
    def split(notebook):
        cell = exercise_cell(notebook, "count")
        cell.source = "import math"
        second = new_code_cell(right["count"], metadata=cell.metadata)
        notebook.cells.insert(notebook.cells.index(cell) + 1, second)

    submission = parse_submission(submit(split, greet=right["greet"]).read_bytes())
    sources = [cell.source for cell in submission.notebook.cells]
    assert sources.index(right["count"]) == sources.index("import math") + 1
    assert len({cell.id for cell in submission.notebook.cells}) == len(sources)
    nbformat.validate(submission.notebook)
