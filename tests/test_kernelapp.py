"""The shell of forked kernels runs what IPython would run, only that it looks for less."""

from __future__ import annotations

import atexit

import nbformat
import pytest
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.profiledir import ProfileDir

from labs.course import NOTEBOOKS, find_patterns
from labs.grading.kernelapp import Shell, configuration

CELLS = [
    "x = 1\ny = 2",
    "x = 1\ny = 2\n",
    "\n\nx = 1\ny = 2",
    "    # indented\ndef f():\n    return 1",
    "  x = 1\n  y = 2",
    "exit",
    "exit\n",
    "exit\n\n",
    "%time x = 1",
    "%%capture\nx = 1\ny = 2",
    "files = !ls\nprint(files)",
    "x = 1\nx?",
    "In [1]: int\nIn [2]: str",
    ">>> x = 1\n>>> y = 2",
    "import asyncio\nawait asyncio.sleep(0)",
    "def f(:\n    pass",
    "return 1\nreturn 2",
    's = """\n%time\n!ls\n"""\nt = r"\\d"',
    "s = '\\d'\nt = 1",
    "x = 1\x0cy\nz = 2",
    "",
    " \n ",
    "(" * 300 + "\n" + ")" * 300,
    "x = '\ud800'\ny = 1",
    "x = 1\n\0",
]


@pytest.fixture(scope="module")
def shells(tmp_path_factory):
    """Ours, and the one that a kernel of its own has."""
    folder = str(tmp_path_factory.mktemp("ipython"))
    profile = ProfileDir.create_profile_dir(folder)
    made = [
        kind(config=configuration(), ipython_dir=folder, profile_dir=profile) for kind in (Shell, ZMQInteractiveShell)
    ]
    yield made
    for shell in made:
        atexit.unregister(shell.atexit_operations)


def course_cells():
    for pattern in find_patterns():
        for cell in nbformat.read(NOTEBOOKS / pattern.notebook_name, as_version=4).cells:
            if cell.cell_type == "code":
                yield cell.source


def attempt(shell, cell):
    """What a shell makes of a cell, and whether it would await something; or the type of its complaint."""
    try:
        transformed = shell.transform_cell(cell)
        return transformed, shell.should_run_async(cell, transformed_cell=transformed)
    except Exception as error:
        return type(error)


@pytest.mark.filterwarnings("error::SyntaxWarning", "error::DeprecationWarning")
@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_becomes_what_ipython_makes_of_it(shells, cell):
    ours, theirs = (attempt(shell, cell) for shell in shells)
    assert ours == theirs


def test_every_cell_of_the_course_becomes_what_ipython_makes_of_it(shells):
    cells = list(course_cells())
    assert len(cells) > 100
    assert [attempt(shells[0], cell) for cell in cells] == [attempt(shells[1], cell) for cell in cells]
