"""Shared by the tests of the whole package. The labs that they work with stand in tests/labs."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import httpx
import pytest
from jupyter_client.manager import start_new_kernel

from labs.authoring.notebook import learner_notebook, to_text
from labs.course.catalog import Pattern
from labs.service import Runner
from labs.service.process_state import mark_pristine

mark_pristine()  # now, before pytest adds its own handlers: services find what they would find in a kernel

FIXTURES = Path(__file__).parent / "labs"


@pytest.fixture
def wait_until():
    """For what no event tells of, such as another thread's end: look again and again, but not for ever."""

    def wait(condition, seconds=10.0):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it never came true"
            time.sleep(0.005)

    return wait


@pytest.fixture
def runners():
    """Makes Runners and closes them; the last one made is closed first."""
    made = []

    def make(factory=None, **options):
        made.append(Runner(factory, **options))
        return made[-1]

    yield make
    for runner in reversed(made):
        runner.close()


@pytest.fixture(scope="session")
def http():
    """One client for every test: a connection for each request, as for the judge."""
    with httpx.Client(timeout=10, trust_env=False, verify=False, headers={"connection": "close"}) as client:
        yield client


# Labs


@pytest.fixture(scope="session")
def tiny_lab():
    """The smallest lab that is complete: two exercises, three checks, right and wrong answers, no backing service."""
    return Pattern(FIXTURES / "tiny")


@pytest.fixture(scope="session")
def demo_lab():
    """A lab of two exercises and three checks whose service has a Redis."""
    return Pattern(FIXTURES / "demo")


@pytest.fixture(scope="session")
def fort_lab():
    """A lab of one exercise whose service answers, reads its database and logs: what attacks are aimed at."""
    return Pattern(FIXTURES / "fort")


@pytest.fixture
def write_checks():
    """Writes the checks of a lab's exercises, given by the exercises' names, beside its lesson.md; gives the lab."""

    def write(folder, **sources):
        (folder / "checks").mkdir(exist_ok=True)
        for exercise, source in sources.items():
            path = folder / "checks" / f"{exercise}.py"
            path.write_text(f"import pytest\nfrom labs.judge import *\n{source}", "utf-8")
        return Pattern(folder)

    return write


# Courses


@pytest.fixture(scope="session")
def build_course():
    """Makes a clone whose only lab is this one, all of it built but the solution; gives the lab in it."""

    def build(root, pattern, patterns="patterns"):
        folder = root / patterns / pattern.name
        shutil.copytree(pattern.folder, folder)
        (folder / "lesson.json").write_text(pattern.lesson.to_json())  # lesson.md takes its time to read
        (root / "notebooks").mkdir()
        (root / "notebooks" / pattern.notebook_name).write_text(to_text(learner_notebook(pattern.lesson)))
        return Pattern(folder)

    return build


# A notebook


class Notebook:
    """A learner's notebook of one lab in a real kernel, cell by cell."""

    def __init__(self, client, pattern):
        self._client, self._pattern = client, pattern

    def begin(self, progress, folder=None):
        """Forget all cells, and open the lab with this progress file; its name in the notebook is `lab`."""
        self.run("%reset -f in")
        self.run("%reset -f")
        self.run(
            f"import os\nos.chdir({str(folder or progress.parent)!r})\nos.environ['LABS_PROGRESS'] = {str(progress)!r}\n"
            "from pathlib import Path\nfrom labs.course.catalog import use_course\n"
            f"use_course(Path({str(self._pattern.folder.parent)!r}), Path('.'))"
        )
        self.run(f"from labs import open_lab\nlab = open_lab({self._pattern.name!r})")

    def run_all(self, **answers):
        """Run the cells that make the service, with these answers to exercises and the starters of the others."""
        for cell in self._pattern.lesson.cells:
            if cell.exercise:
                self.run(answers.get(cell.exercise, self._pattern.exercise(cell.exercise).starter))
            elif "service" in cell.tags:
                self.run(cell.source)

    def run(self, source):
        """What a cell shows, as messages; an error is one of them."""
        shown = []

        def keep(message):
            if message["msg_type"] in ("stream", "display_data", "execute_result", "error"):
                shown.append(message["content"])

        self._client.execute_interactive(source, allow_stdin=False, output_hook=keep, timeout=60)
        return shown

    def text(self, source):
        """The plain text of what a cell shows."""
        return "\n".join(
            content["data"]["text/plain"] if "data" in content else content.get("text") or content["evalue"]
            for content in self.run(source)
        )


@pytest.fixture(scope="session")
def kernel():
    """One kernel for all tests that want a notebook: it takes a second to start."""
    manager, client = start_new_kernel(kernel_name="python3")
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.fixture
def progress_file(tmp_path):
    return tmp_path / "progress.json"


@pytest.fixture(scope="session")
def tiny_course(build_course, tiny_lab, tmp_path_factory):
    """The tiny lab in a clone of its own; for tests that change nothing in it."""
    return build_course(tmp_path_factory.mktemp("clone"), tiny_lab)


@pytest.fixture
def notebook(kernel, tiny_course, progress_file):
    """A notebook of the tiny lab, opened, with a progress file of its own."""
    notebook = Notebook(kernel, tiny_course)
    notebook.begin(progress_file)
    return notebook
