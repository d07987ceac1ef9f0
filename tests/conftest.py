"""Shared by the tests of the whole package. The labs that they work with stand in tests/labs."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import httpx
import pytest

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
    """Makes a clone whose only lab is this one, its notebook built; gives the lab in it."""

    def build(root, pattern, patterns="patterns"):
        folder = root / patterns / pattern.name
        shutil.copytree(pattern.folder, folder)
        (root / "notebooks").mkdir()
        (root / "notebooks" / pattern.notebook_name).write_text(to_text(learner_notebook(pattern.lesson)))
        return Pattern(folder)

    return build


@pytest.fixture(scope="session")
def demo_course(build_course, demo_lab, tmp_path_factory):
    """A clone whose only lab is the demo; for tests that change nothing in it."""
    return build_course(tmp_path_factory.mktemp("clone"), demo_lab)
