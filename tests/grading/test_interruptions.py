"""A batch that is interrupted or killed ends at once, leaves nothing running, and is taken up by the same command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from labs.errors import UserError
from labs.grading.batch import Options, grade_batch
from labs.grading.isolation.limits import descendants

from .conftest import hand_in, scores

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="batches are graded on Linux"),
]


def start(submissions, out, **options):
    """`labs grade` in a process of its own."""
    command = [sys.executable, "-m", "labs.cli", "grade", str(submissions), "--out", str(out), "--jobs", "1"]
    return subprocess.Popen(
        [*command, "--cell-timeout", "60"], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options
    )


def judging(running, number):
    """Whether the judge of the submission with this number has begun."""
    return any(Path(tempfile.gettempdir()).glob(f"labs-grade-{running.pid}-*/{number}"))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_at_once_and_the_same_command_goes_on(folders, wait_until, how):
    submissions, out = folders
    hand_in(submissions, "ada")
    hand_in(submissions, "bob", cell="while True: pass")
    running = start(submissions, out)
    result = out / "submissions" / "ada" / "result.json"
    wait_until(lambda: result.exists() and judging(running, 2), 60)
    asked = time.monotonic()
    running.send_signal(how)
    _, said = running.communicate(timeout=30)
    took = time.monotonic() - asked
    assert running.returncode == 130
    assert "Stopped. What was judged is kept: the same command goes on from there." in said
    assert "Traceback" not in said
    assert took < 5, took  # a second on a machine that has nothing else to do
    assert list(Path(tempfile.gettempdir()).glob(f"labs-*-{running.pid}-*")) == []
    kept = result.stat().st_mtime
    (submissions / "bob.ipynb").unlink()
    totals = grade_batch([submissions], out, Options())
    assert (totals.judged, totals.kept) == (1, 1)
    assert result.stat().st_mtime == kept


def test_a_killed_run_leaves_nothing_running_and_is_taken_up(folders, wait_until):
    submissions, out = folders
    hand_in(submissions, "ada")
    hand_in(submissions, "bob", cell="import time; time.sleep(5)")
    running = start(submissions, out)
    wait_until(lambda: (out / "submissions" / "ada" / "result.json").exists() and judging(running, 2), 60)
    family = descendants(running.pid)
    assert len(family) >= 4  # the batch, the two from which others are forked, a judge
    running.kill()
    running.communicate()
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in family), 30)
    assert grade_batch([submissions], out, Options()).kept == 1
    assert scores(out) == {"ada": (2, 2), "bob": (2, 2)}
    ours = list(Path(tempfile.gettempdir()).glob(f"labs-grade-{running.pid}-*"))
    assert ours == []


def test_two_runs_do_not_write_the_same_folder(folders, wait_until):
    submissions, out = folders
    hand_in(submissions, "bob", cell="import time; time.sleep(30)")
    running = start(submissions, out)
    try:
        wait_until(lambda: judging(running, 1), 60)
        with pytest.raises(UserError, match=r"Another `labs grade` is writing to .*: wait for it\."):
            grade_batch([submissions], out, Options())
    finally:
        running.kill()
        running.communicate()


@pytest.mark.parametrize("processes", [2, 3, 4])  # it has found out what the machine gives, and starts the warm ones
def test_ctrl_c_while_it_gets_ready_is_no_traceback(folders, wait_until, processes):
    submissions, out = folders
    hand_in(submissions, "ada")
    running = start(submissions, out, process_group=0)
    wait_until(lambda: len(descendants(running.pid)) >= processes, 60)
    asked = time.monotonic()
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does
    said, complained = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in said + complained
    assert "Stopped. What was judged is kept" in complained
    assert time.monotonic() - asked < 5  # what it had started to import is not waited for
