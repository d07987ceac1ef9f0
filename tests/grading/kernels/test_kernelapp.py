"""The shell of forked kernels runs what IPython would run, only that it looks for less."""

from __future__ import annotations

import atexit
import contextlib
import os
from unittest import mock

import nbformat
import papermill
import pytest
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.profiledir import ProfileDir
from nbformat.v4 import new_code_cell, new_notebook

from labs.course.catalog import NOTEBOOKS, find_patterns
from labs.grading.kernels.kernelapp import Shell, configuration

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
    with mock.patch.dict(os.environ):  # ipykernel's sets variables such as FORCE_COLOR for good
        made = [
            kind(config=configuration(), ipython_dir=folder, profile_dir=profile)
            for kind in (Shell, ZMQInteractiveShell)
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


# What a cell sees of the kernel that it runs in; what can only differ (paths, numbers of processes) is left out.
ABOUT = [
    "shell = get_ipython()\nshell.kernel.shell is shell, shell.parent is shell.kernel, shell.user_ns is globals()",
    "import os\nimport sys\n\nos.path.isdir(shell.profile_dir.location), shell.ipython_dir == os.environ['IPYTHONDIR']",
    "{name: os.environ.get(name) for name in ('TERM', 'PAGER', 'FORCE_COLOR', 'CLICOLOR', 'MPLBACKEND')}",
    "__name__, sys.modules['__main__'].__dict__ is globals()",
    "sorted(name for name in globals() if not name.startswith('_'))",
    "import pickle\n\n\nclass Here:\n    pass\n\n\ntype(pickle.loads(pickle.dumps(Here()))) is Here",
    "1 / 0",
    "%who",
    "from IPython.display import Markdown, display\n\nprint('out')\ndisplay(Markdown('*x*'))\nOut[2], In[2], _",
    "print('err', file=sys.stderr)",
    "import asyncio\n\nawait asyncio.sleep(0)\nasyncio.get_running_loop() is not None",
    "%env LABS_TEST=1",
    "shell.execution_count",
    "sorted(set(shell.magics_manager.magics['line']) - {'store'})",  # of an extension, none of which is loaded
    "del shell",
]


def seen_by_cells(engine, folder):
    notebook = new_notebook(cells=[new_code_cell(source) for source in ABOUT])
    for cell in notebook.cells:
        cell.metadata.tags = ["raises-exception"]
    nbformat.write(notebook, folder / "given.ipynb")
    with contextlib.suppress(papermill.PapermillExecutionError):  # one divides by zero, and is the last that it tells
        papermill.execute_notebook(
            folder / "given.ipynb",
            folder / f"{engine}.ipynb",
            engine_name=engine,
            kernel_name="python3",
            progress_bar=False,
        )
    for cell in nbformat.read(folder / f"{engine}.ipynb", as_version=4).cells:
        # A traceback has colours in the one and none in the other.
        outputs = cell.get("outputs", [])
        yield cell.source, [{key: output[key] for key in output if key != "traceback"} for output in outputs]


@pytest.mark.slow
def test_a_forked_kernel_is_to_its_cells_what_a_new_one_is(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    ours, theirs = (dict(seen_by_cells(engine, tmp_path)) for engine in ("labs", "nbclient"))
    assert all(ours[source] for source in ABOUT[:-1])  # each shows something
    assert ours == theirs
