"""Shared by the tests of the engine."""

from __future__ import annotations

import time

import httpx
import pytest

from labs.course.catalog import Pattern
from labs.service import Runner
from labs.service.process_state import mark_pristine

mark_pristine()  # now, before pytest adds its own handlers: services find what they would find in a kernel


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
def write_checks():
    """Writes the checks of a lab's exercises, given by the exercises' names, beside its lesson.md; gives the lab."""

    def write(folder, **sources):
        (folder / "checks").mkdir(exist_ok=True)
        for exercise, source in sources.items():
            path = folder / "checks" / f"{exercise}.py"
            path.write_text(f"import pytest\nfrom labs.judge import *\n{source}", "utf-8")
        return Pattern(folder)

    return write


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
