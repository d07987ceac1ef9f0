"""Shared by the tests of the engine."""

from __future__ import annotations

import time

import pytest


@pytest.fixture
def wait_until():
    """For what no event tells of, such as another thread's end: look again and again, but not for ever."""

    def wait(condition, seconds=10.0):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it never came true"
            time.sleep(0.005)

    return wait
