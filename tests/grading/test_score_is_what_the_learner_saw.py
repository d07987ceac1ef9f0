"""What the grader says of a notebook is what `lab.check()` said to its learner, in every lab."""

from __future__ import annotations

import copy
import json
import sys

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

from labs.authoring.answers import read_answers
from labs.course.catalog import NOTEBOOKS, find_patterns
from labs.grading.batch import Options, grade_batch, stored_results
from labs.grading.submissions.submission import exercise_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="batches are graded on Linux"),
]
SHOW = "import json\nlab.check()\nprint(json.dumps({v.check: v.status.value for v in lab._report.verdicts}))"


def half_done(pattern):
    """A notebook as somebody hands it in who has solved some exercises, got one wrong and not begun with the last."""
    notebook = nbformat.read(NOTEBOOKS / pattern.notebook_name, as_version=4)
    *begun, _ = [exercise.name for exercise in pattern.exercises]
    answers = {exercise.name: exercise.solution for exercise in pattern.exercises if exercise.name in begun}
    wrong = [answer for answer in read_answers(pattern.folder, pattern.lesson)[0] if not answer.right]
    answers |= next((answer.cells for answer in wrong if begun[-1:] == list(answer.cells)), {})
    for cell in notebook.cells:
        cell.source = answers.get(exercise_of(cell), cell.source)
    return notebook


def shown(notebook, folder):
    """The status of each check in the learner's own kernel, after the cells that a check needs."""
    ran = copy.deepcopy(notebook)
    ran.cells = [
        cell
        for cell in ran.cells
        if exercise_of(cell) or "service" in cell.metadata.get("tags", []) or "open_lab(" in cell.source
    ]
    ran.cells.append(new_code_cell(SHOW))
    NotebookClient(ran, kernel_name="python3", timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    return json.loads(ran.cells[-1].outputs[-1].text)


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory):
    """One for each lab."""
    folder = tmp_path_factory.mktemp("handed in")
    written = {pattern.name: half_done(pattern) for pattern in find_patterns()}
    for name, notebook in written.items():
        nbformat.write(notebook, folder / f"{name}.ipynb")
    return folder, written


@pytest.fixture(scope="module")
def graded(notebooks, tmp_path_factory):
    """The status of each check by the name of the lab, of all labs in one batch."""
    out = tmp_path_factory.mktemp("graded")
    grade_batch([notebooks[0]], out, Options())
    return {
        result.lab: {verdict.check: verdict.status.value for verdict in result.report.verdicts}
        for result in stored_results(out)
    }


@pytest.mark.parametrize("pattern", find_patterns(), ids=lambda pattern: pattern.name)
def test_the_score_is_what_the_learner_was_shown(pattern, notebooks, graded, tmp_path, monkeypatch):
    monkeypatch.setenv("LABS_PROGRESS", str(tmp_path / "progress.json"))
    assert graded[pattern.name] == shown(notebooks[1][pattern.name], tmp_path)
