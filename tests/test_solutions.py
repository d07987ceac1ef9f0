"""The committed notebooks: what the lessons give now, run as their users run them."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from labs.authoring.build import stale
from labs.course import ROOT, find_patterns

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


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
def test_the_untouched_notebook_runs_under_papermill(path, tmp_path):
    result = run(["papermill", f"notebooks/{path.name}", str(tmp_path / "out.ipynb")], tmp_path)

    assert result.returncode == 0, result.stderr[-3000:]
    notebook = nbformat.read(tmp_path / "out.ipynb", 4)
    shown = [
        "".join(output.get("data", {}).get("text/plain", ""))
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    ]
    assert any("not started" in text for text in shown)
    assert not any("[FAIL]" in text for text in shown if "not started" in text)


def test_the_solutions_give_the_outputs_that_are_committed(tmp_path):
    """`pytest --nbval solutions/`: every cell runs, and what it puts out is what is in the file."""
    result = run(["pytest", "--nbval", "solutions/", "-q"], tmp_path)

    assert result.returncode == 0, result.stdout[-6000:]
