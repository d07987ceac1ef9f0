"""Grading: a notebook goes in; executed outside the judge's process, it comes out with a score and the reasons."""

from __future__ import annotations

import importlib.metadata
import json
import os
import resource
import shutil
from pathlib import Path

import nbformat
import papermill
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

import labs.course.catalog
from labs.authoring.notebook import learner_notebook, to_text
from labs.cli import main
from labs.course.catalog import Pattern
from labs.errors import UserError
from labs.grading.batch import Options, grade_batch, stored_results
from labs.grading.isolation.sandbox import Sandbox, Tier
from labs.grading.kernels import forkserver
from labs.grading.submissions.submission import parse_submission

DEMO = Pattern(Path(__file__).parents[1] / "labs" / "demo")
RIGHT = {exercise.name: exercise.solution for exercise in DEMO.exercises}


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A clone whose only lab is the demo, its notebook built."""
    root = tmp_path / "clone"
    shutil.copytree(DEMO.folder, root / "patterns" / "demo")
    (root / "notebooks").mkdir()
    (root / "notebooks" / DEMO.notebook_name).write_text(to_text(learner_notebook(DEMO.lesson)))
    monkeypatch.setattr(labs.course.catalog, "PATTERNS", root / "patterns")
    monkeypatch.setattr(labs.course.catalog, "NOTEBOOKS", root / "notebooks")
    return root


@pytest.fixture
def submit(course, tmp_path):
    """Writes a submission with these answers; `change` may do anything else to it."""

    def write(change=None, **answers):
        notebook = learner_notebook(DEMO.lesson)
        for cell in notebook.cells:
            if (name := cell.metadata.get("labs", {}).get("exercise")) in answers:
                cell.source = answers[name]
        if change is not None:
            change(notebook)
        path = tmp_path / "submitted.ipynb"
        nbformat.write(notebook, path)
        return path

    return write


def exercise_cell(notebook, name):
    return next(cell for cell in notebook.cells if cell.metadata.get("labs", {}).get("exercise") == name)


def grade(path, out, **options):
    """The result of one submission."""
    grade_batch([path], out, Options(**options))
    (result,) = stored_results(out)
    return result


def statuses(result):
    return [verdict.status.value for verdict in result.report.verdicts]


# Through a kernel


def test_papermill_knows_the_engine():
    assert [point.name for point in importlib.metadata.entry_points(group="papermill.engine")] == ["labs"]


def test_papermill_alone_runs_a_notebook_as_freely_as_any_kernel():
    source = "import os, resource\nprint(os.getuid(), resource.getrlimit(resource.RLIMIT_FSIZE), os.environ['HOME'])"
    notebook = new_notebook(cells=[new_code_cell(source)])
    executed = papermill.execute_notebook(notebook, None, engine_name="labs", kernel_name="python3", progress_bar=False)
    here = f"{os.getuid()} {resource.getrlimit(resource.RLIMIT_FSIZE)} {os.environ['HOME']}\n"
    assert executed.cells[0].outputs[0].text == here


@pytest.mark.parametrize("keeper_lives", [True, False])
def test_a_kernel_whose_keeper_died_before_it_was_ready_does_not_begin(monkeypatch, keeper_lives):
    monkeypatch.setattr(forkserver, "_kernel", lambda request: 7)
    ready, kept, keeping = os.open(os.devnull, os.O_WRONLY), *os.pipe()
    if not keeper_lives:
        os.close(keeping)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = forkserver._first_process(Sandbox(Tier.NONE, ""), {}, ready, kept)
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == (7 if keeper_lives else 0)
    for descriptor in (ready, kept, *([keeping] if keeper_lives else [])):
        os.close(descriptor)


def test_a_right_notebook_gets_every_point(submit, tmp_path, capsys):
    path = submit(**RIGHT)
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


def test_hints_that_the_notebook_shows_as_taken_are_not_offered_again(tmp_path, monkeypatch):
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


def test_an_untouched_notebook_gets_nothing_and_is_not_called_wrong(submit, tmp_path):
    result = grade(submit(), tmp_path / "out")
    assert statuses(result) == ["not started"] * 3
    assert [verdict.unfinished for verdict in result.report.verdicts] == ["greet", "greet", "count"]
    assert (result.report.score, result.report.points, result.notes) == (0, 6, [])


def test_a_wrong_answer_fails_with_its_cause_and_an_unreadable_one_counts_for_itself(submit, tmp_path):
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


LIGHT = """---
title: Light
order: 91
minutes: 5
teaches: None
---

# Light

```{code-cell} python
:tags: [exercise]
:name: status

def status():
    ### BEGIN SOLUTION
    return 204
    ### END SOLUTION
```

```{code-cell} python
:tags: [service]

def create_app():
    async def app(scope, receive, send):
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": status(), "headers": []})
        await send({"type": "http.response.body"})

    return app
```
"""
CHECK = """
def test_status(service):
    assert service.get("/").status == 204
"""
STUBBORN = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"


@pytest.fixture
def light(course, tmp_path, write_checks):
    """Writes a submission for a lab that imports nothing, so that two seconds are enough for every cell."""
    folder = course / "patterns" / "light"
    folder.mkdir()
    (folder / "lesson.md").write_text(LIGHT)
    pattern = write_checks(folder, status=CHECK)
    notebook = learner_notebook(pattern.lesson)
    (course / "notebooks" / pattern.notebook_name).write_text(to_text(notebook))

    def write(*extra, answer=pattern.exercises[0].solution):
        exercise_cell(notebook, "status").source = answer
        notebook.cells[1:1] = [new_code_cell(source) for source in extra]
        nbformat.write(notebook, tmp_path / "light.ipynb")
        return tmp_path / "light.ipynb"

    return write


@pytest.mark.parametrize("loop", ["while True: pass", STUBBORN])
def test_a_cell_that_never_ends_is_stopped_and_the_rest_is_judged(light, tmp_path, loop):
    result = grade(light(loop), tmp_path / "out", cell_timeout=2)
    assert statuses(result) == ["passed"], result.notes
    assert result.notes == ["A cell took longer than 2 s and was stopped."]
    assert result.timed_out == 1


def test_a_cell_that_ends_its_process_costs_only_itself(light, tmp_path):
    result = grade(light("import os; os._exit(3)"), tmp_path / "out")
    assert statuses(result) == ["passed"]
    assert result.notes == ["A cell ended the notebook's process; the other cells were run without it."]
    assert result.died == 1


def test_an_exercise_that_ends_its_process_leaves_the_others_their_points(submit, tmp_path):
    result = grade(submit(**{**RIGHT, "count": "import os; os._exit(3)"}), tmp_path / "out")
    assert statuses(result)[:2] == ["passed", "passed"], result.notes
    assert statuses(result)[2] == "failed"
    assert result.notes[0].startswith("The cell of exercise count ended the notebook's process")


def test_a_service_that_ends_the_kernel_keeps_the_points_of_the_other_checks(submit, tmp_path):
    result = grade(submit(greet=RIGHT["greet"], count="async def count(client):\n    os._exit(1)"), tmp_path / "out")
    assert statuses(result) == ["passed", "passed", "failed"]
    assert "notebook's process has ended" in result.report.verdicts[2].cause


@pytest.mark.parametrize("how", [*Tier.ALL, "stock"])
def test_every_tier_and_the_stock_engine_give_the_same_score(submit, tmp_path, monkeypatch, how):
    monkeypatch.setattr("labs.grading.isolation.tiers.choose", lambda isolation: how)
    result = grade(submit(greet=RIGHT["greet"]), tmp_path / "out", fork=how != "stock")
    assert statuses(result) == ["passed", "passed", "not started"], result.notes
    assert result.isolation == (how if how != "stock" else "limits")


# Without one


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "It is no valid JSON"),
        (b"PK\x03\x04\xff", "It is no UTF-8 text"),
        (b"[" * 100_000, "It is no valid JSON"),
        (b"[1, 2]", "It is no notebook."),
        (b'{"cells": [], "nbformat": "4", "nbformat_minor": 0, "metadata": {}}', "It is no notebook."),
        (b'{"cells": [1], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "It is no valid notebook"),
        (b'{"cells": [], "nbformat": 3, "nbformat_minor": 0, "metadata": {}}', "It has notebook format 3, and 4 is needed"),
        (b'{"cells": [{"cell_type": "code", "source": "x"}], "nbformat": 4, "nbformat_minor": 5,'
         b'"metadata": {"labs": {"lab": "demo"}}}', "It is no valid notebook"),
        (b'{"cells": [], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "It is no notebook of this course"),
        (b'{"cells": [], "nbformat": 4, "nbformat_minor": 5, "metadata": {"labs": "demo"}}', "It is no notebook of this course"),
        (b'{"cells": [], "nbformat": 4, "nbformat_minor": 5, "metadata": {"labs": {"lab": "other"}}}', "There is no lab 'other'."),
        (b" " * (5 * 1024 * 1024 + 1), "It is larger than 5 MB: clear its outputs"),
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


def test_a_path_that_is_not_there_is_a_sentence(course, tmp_path, capsys):
    assert main(["grade", str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err == f"labs: There is no {tmp_path / 'none'}: check the path of the submissions.\n"
    assert not (tmp_path / "out").exists()


def test_the_release_is_completed_by_the_learners_cells(submit):
    def tamper(notebook):
        exercise_cell(notebook, "greet").cell_type = "markdown"
        exercise_cell(notebook, "count").metadata["labs"] = {"exercise": ["odd"]}
        notebook.cells[-1].source = "create_app = None"  # a provided cell
        notebook.cells[0].metadata["labs"] = "odd"
        notebook.metadata.labs["lesson"] = "another"
        notebook.metadata.labs["release"] = "0.0.1"

    submission = parse_submission(submit(tamper, **RIGHT).read_bytes())
    sources = [cell.source for cell in submission.notebook.cells]
    assert "create_app = None" not in sources
    assert any("def create_app() -> FastAPI:" in source for source in sources)
    assert sum("raise NotImplementedError" in source for source in sources) == 2
    assert submission.notes == [
        "The notebook was made for another release (0.0.1): your exercises were judged with the provided cells of this one.",
        "The cell of exercise greet is no code cell: turn it back into one.",
        "Exercise greet was not attempted: its cell is missing.",
        "Exercise count was not attempted: its cell is missing.",
    ]


def test_a_split_exercise_keeps_all_of_its_parts_in_order(submit):
    def split(notebook):
        cell = exercise_cell(notebook, "count")
        cell.source = "import math"
        second = new_code_cell(RIGHT["count"], metadata=cell.metadata)
        notebook.cells.insert(notebook.cells.index(cell) + 1, second)

    submission = parse_submission(submit(split, greet=RIGHT["greet"]).read_bytes())
    sources = [cell.source for cell in submission.notebook.cells]
    assert sources.index(RIGHT["count"]) == sources.index("import math") + 1
    assert len({cell.id for cell in submission.notebook.cells}) == len(sources)
    nbformat.validate(submission.notebook)


def test_a_folder_that_can_not_be_written_is_a_sentence(submit, tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(UserError, match="The results can't be written to .*out: "):
        grade(submit(), tmp_path / "out")
