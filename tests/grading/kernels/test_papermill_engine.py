"""papermill's engine of ours: cells that hang or end their process cost themselves, and nothing else."""

from __future__ import annotations

import importlib.metadata
import os
import resource

import nbformat
import papermill
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from labs.authoring.notebook import learner_notebook, to_text
from tests.grading.conftest import exercise_cell, statuses

pytestmark = pytest.mark.slow


def test_papermill_knows_the_engine():
    assert [point.name for point in importlib.metadata.entry_points(group="papermill.engine")] == ["labs"]


def test_papermill_alone_runs_a_notebook_as_freely_as_any_kernel():
    source = "import os, resource\nprint(os.getuid(), resource.getrlimit(resource.RLIMIT_FSIZE), os.environ['HOME'])"
    notebook = new_notebook(cells=[new_code_cell(source)])
    executed = papermill.execute_notebook(notebook, None, engine_name="labs", kernel_name="python3", progress_bar=False)
    here = f"{os.getuid()} {resource.getrlimit(resource.RLIMIT_FSIZE)} {os.environ['HOME']}\n"
    assert executed.cells[0].outputs[0].text == here


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
def test_a_cell_that_never_ends_is_stopped_and_the_rest_is_judged(light, tmp_path, loop, grade):
    result = grade(light(loop), tmp_path / "out", cell_timeout=2)
    assert statuses(result) == ["passed"], result.notes
    assert result.notes == ["A cell took longer than 2 s and was stopped."]
    assert result.timed_out == 1


def test_a_cell_that_ends_its_process_costs_only_itself(light, tmp_path, grade):
    result = grade(light("import os; os._exit(3)"), tmp_path / "out")
    assert statuses(result) == ["passed"]
    assert result.notes == ["A cell ended the notebook's process; the other cells were run without it."]
    assert result.died == 1
