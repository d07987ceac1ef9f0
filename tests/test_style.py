"""The code is laid out by the formatter, its types hold, and every rule that is not kept has its reason in pyproject.toml."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run_tool(*command):
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("command", [("check",), ("format", "--check")], ids=" ".join)
def test_ruff_has_nothing_to_say(command):
    run_tool("ruff", *command, "--quiet", ".")


@pytest.mark.slow
def test_mypy_has_nothing_to_say():
    run_tool("mypy")  # two seconds with the .mypy_cache of the last run, eight without
