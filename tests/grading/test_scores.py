"""A notebook goes in; executed outside the judge's process, it comes out with a score and the reasons."""

from __future__ import annotations

import json

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

import labs.course.catalog
from labs.cli import main
from labs.errors import UserError
from labs.grading.batch import stored_results

from .conftest import statuses


def test_a_right_notebook_gets_every_point(submit, tmp_path, capsys, right):
    path = submit(**right)
    assert main(["grade", str(path), "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out == f"1 judged. Results: {tmp_path / 'out' / 'summary.html'}\n"
    (result,) = stored_results(tmp_path / "out")
    assert (result.lab, result.score, result.points, result.notes) == ("demo", 6, 6, [])
    folder = tmp_path / "out" / "submissions" / "submitted"
    executed = nbformat.read(folder / "executed.ipynb", as_version=4)
    nbformat.validate(executed)
    ours = [cell for cell in executed.cells if {"service", "exercise"} & set(cell.metadata.get("tags", []))]
    assert all(cell.execution_count for cell in ours)
    assert "The greeting names the caller" in (folder / "feedback.html").read_text()


@pytest.mark.slow
def test_hints_that_the_notebook_shows_as_taken_are_not_offered_again(tmp_path, monkeypatch, grade):
    monkeypatch.setenv("LABS_PROGRESS", str(tmp_path / "progress.json"))
    notebook = nbformat.read(labs.course.catalog.NOTEBOOKS / "06_correlation.ipynb", as_version=4)
    first, second, *_ = (exercise.name for exercise in labs.course.catalog.find_pattern("correlation").exercises)
    opened = next(index for index, cell in enumerate(notebook.cells) if "open_lab(" in cell.source)
    asked = [new_code_cell(f"lab.hint({first!r})\nlab.hint({first!r})"), new_code_cell(f"lab.hint({second!r})")]
    lies = new_code_cell(
        "from IPython.display import display\ndisplay(1, metadata={'labs': {'exercise': 5, 'hints': []}})"
    )
    notebook.cells[opened + 1 :] = [*asked, lies]
    NotebookClient(notebook, kernel_name="python3").execute()
    nbformat.write(notebook, tmp_path / "ada.ipynb")
    result = grade(tmp_path / "ada.ipynb", tmp_path / "out")
    assert result.hints == {first: 2, second: 1}
    page = (tmp_path / "out" / "submissions" / "ada" / "feedback.html").read_text()
    assert "1 hint left" in page and "2 hints left" in page


def test_an_untouched_notebook_gets_nothing_and_is_not_called_wrong(submit, tmp_path, grade):
    result = grade(submit(), tmp_path / "out")
    assert statuses(result) == ["not started"] * 3
    assert [verdict.unfinished for verdict in result.report.verdicts] == ["greet", "greet", "count"]
    assert (result.report.score, result.report.points, result.notes) == (0, 6, [])


def test_a_wrong_answer_fails_with_its_cause_and_an_unreadable_one_counts_for_itself(submit, tmp_path, grade):
    wrong = "def greet(name):\n    return {'message': f'hello {name}', 'service': 'typed in'}"

    def add_a_mess(notebook):
        notebook.cells.insert(0, new_code_cell("my_note = 1", metadata={"labs": {"exercise": "greet"}}))
        notebook.cells.append(new_code_cell("1 / 0"))
        notebook.cells.append(new_code_cell("print(my_note, greet('x'))"))

    result = grade(submit(add_a_mess, greet=wrong, count="async def count(client:\n    pass"), tmp_path / "out")
    assert statuses(result) == ["failed", "waiting", "failed"]
    assert result.report.verdicts[0].cause.startswith("The name is the one in the path")
    assert "NameError" in result.report.verdicts[2].cause
    assert result.notes == [
        "Exercise greet has several cells: all of them were run, one after the other.",
        "The cell of exercise count ended with SyntaxError: '(' was never closed (line 1).",
    ]
    folder = tmp_path / "out" / "submissions" / "submitted"
    assert "likely" in (folder / "feedback.html").read_text().lower()
    executed = nbformat.read(folder / "executed.ipynb", as_version=4)
    errors = [
        output.ename for cell in executed.cells for output in cell.get("outputs", []) if output.output_type == "error"
    ]
    assert "SyntaxError" in errors
    assert "ZeroDivisionError" in errors
    assert "1 {'message': 'hello x'" in json.dumps(executed)


@pytest.mark.slow
def test_an_exercise_that_ends_its_process_leaves_the_others_their_points(submit, tmp_path, right, grade):
    result = grade(submit(**{**right, "count": "import os; os._exit(3)"}), tmp_path / "out")
    assert statuses(result)[:2] == ["passed", "passed"], result.notes
    assert statuses(result)[2] == "failed"
    assert result.notes[0].startswith("The cell of exercise count ended the notebook's process")


def test_a_service_that_ends_the_kernel_keeps_the_points_of_the_other_checks(submit, tmp_path, right, grade):
    result = grade(submit(greet=right["greet"], count="async def count(client):\n    os._exit(1)"), tmp_path / "out")
    assert statuses(result) == ["passed", "passed", "failed"]
    assert "notebook's process has ended" in result.report.verdicts[2].cause


def test_a_path_that_is_not_there_is_a_sentence(course, tmp_path, capsys):
    assert main(["grade", str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err == f"labs: There is no {tmp_path / 'none'}: check the path of the submissions.\n"
    assert not (tmp_path / "out").exists()


def test_a_folder_that_can_not_be_written_is_a_sentence(submit, tmp_path, grade):
    (tmp_path / "out").write_text("")
    with pytest.raises(UserError, match="The results can't be written to .*out: "):
        grade(submit(), tmp_path / "out")
