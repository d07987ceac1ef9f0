"""`labs doctor` on a machine that takes no output."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
def test_an_output_that_takes_nothing_is_a_sentence():
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "labs.cli", "doctor"]
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (1, "labs: No space left on device\n")
