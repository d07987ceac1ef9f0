"""The committed notebooks: what the lessons give now, run as their users run them."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest

from labs.authoring.build import stale
from labs.course.catalog import ROOT, find_patterns

pytestmark = pytest.mark.slow

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
AT_ONCE = 3  # most of what a notebook does is to wait for outages to end


@pytest.fixture(scope="module")
def runs(request, tmp_path_factory):
    """What the chosen tests run, all of it begun together: for each name a folder, and a future of what came of it."""
    commands = {"solutions": lambda folder: ["pytest", "--nbval", "solutions/", "-q"]}
    for path in NOTEBOOKS:
        commands[path.stem] = lambda folder, name=path.name: ["papermill", f"notebooks/{name}", f"{folder}/out.ipynb"]
    chosen = " ".join(item.name for item in request.session.items if item.path == Path(__file__))
    begun = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for name, command in commands.items():
            if name in chosen:
                folder = tmp_path_factory.mktemp(name)
                begun[name] = (folder, pool.submit(run, command(folder), folder))
        yield begun


def run(command, tmp_path):
    """One command from the root of the clone, as a user would type it; its progress file is thrown away."""
    env = {**os.environ, "LABS_PROGRESS": str(tmp_path / "progress.json")}
    # The kernel that the notebooks name has to be the one of this Python.
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env["PATH"]])
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_nothing_is_stale():
    problems = stale(find_patterns(), ROOT)

    assert not problems, "\n".join(["run `labs build` and commit what it changes:", *problems])


def test_there_is_a_notebook_for_every_lab_and_one_to_start_with():
    names = [pattern.notebook_name for pattern in find_patterns()]

    assert [path.name for path in NOTEBOOKS] == names
    assert names[0] == "00_start_here.ipynb"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_untouched_notebook_runs_under_papermill(path, runs):
    folder, command = runs[path.stem]
    result = command.result()

    assert result.returncode == 0, result.stderr[-3000:]
    notebook = nbformat.read(folder / "out.ipynb", 4)
    shown = [
        "".join(output.get("data", {}).get("text/plain", ""))
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    ]
    assert any("not started" in text for text in shown)
    assert not any("[FAIL]" in text for text in shown if "not started" in text)


def test_the_solutions_give_the_outputs_that_are_committed(runs):
    """`pytest --nbval solutions/`: every cell runs, and what it puts out is what is in the file."""
    _, command = runs["solutions"]
    result = command.result()

    assert result.returncode == 0, result.stdout[-6000:]
