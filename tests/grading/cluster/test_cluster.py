"""Grading on several machines: a real scheduler, real workers, and what happens when they end, differ or come late."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from labs.grading.batch import stored_results

from .conftest import Grade, commands, judges, until

distributed = pytest.importorskip("distributed", reason="the extra `distributed` is not installed")
pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="batches are graded on Linux"),
    pytest.mark.slow,
]


def outcome(out):
    return {
        result.learner: (str(result.outcome), result.score, result.sentence, result.notes)
        for result in stored_results(out)
    }


def isolation(out):
    return {result.learner: result.isolation for result in stored_results(out)}


def test_workers_judge_as_one_machine_does_and_nothing_twice(cluster, release, tmp_path, right, hand_in):
    folder, out = tmp_path / "in", tmp_path / "out"
    hand_in(folder, "ada", **right)
    hand_in(folder, "ben", greet=right["greet"], count="import os; os._exit(3)")
    hand_in(folder, "cem")
    (folder / "dee.ipynb").write_bytes(b"[" * 100_000)
    remote = Grade(release, folder, out, "--executor", "dask", "--scheduler", cluster.address)
    assert remote.end() == (0, f"3 judged, 1 rejected. Results: {out / 'summary.html'}\n"), remote.said()
    local = Grade(release, folder, tmp_path / "local")
    assert local.end()[0] == 0
    assert outcome(out) == outcome(tmp_path / "local")
    assert outcome(out)["ada"][:2] == ("judged", 6)
    assert isolation(out) == isolation(tmp_path / "local")
    assert len((out / "results.jsonl").read_text().splitlines()) == 4

    hand_in(folder, "eve", **right)
    again = Grade(release, folder, out, "--executor", "dask", "--scheduler", cluster.address)
    code, said = again.end()
    assert (code, said.partition(". ")[0]) == (0, "4 judged, 1 rejected (3 of them in an earlier run)")


def test_ctrl_c_ends_at_once_and_nobody_goes_on(cluster, release, tmp_path, right, hand_in):
    folder, out = tmp_path / "in", tmp_path / "out"
    for number in range(6):
        hand_in(folder, f"learner{number}", cell="import time; time.sleep(20)", **right)
    run = Grade(release, folder, out, "--executor", "dask", "--scheduler", cluster.address)
    until(lambda: any(b"labs.grading.kernels.forkserver" in command for command in commands(cluster.other.pid)))
    until(lambda: cluster.tasks() == 4)  # and not 6: two for each thread
    time.sleep(1)
    run.process.send_signal(signal.SIGINT)
    stopped = time.monotonic()
    assert run.end()[0] == 130, run.said()
    assert time.monotonic() - stopped < 3  # a second, on a quiet machine
    assert run.said().endswith("Stopped. What was judged is kept: the same command goes on from there.\n")
    until(lambda: cluster.tasks() == 0, 10)
    for worker in (cluster.victim, cluster.other):
        until(lambda pid=worker.pid: not any(b"cluster.worker_child" in command for command in commands(pid)), 20)


def test_a_worker_that_is_killed_costs_time_and_nothing_else(cluster, release, tmp_path, right, hand_in):
    victim = cluster.victim
    folder, out = tmp_path / "in", tmp_path / "out"
    for number in range(6):
        hand_in(folder, f"learner{number}", cell="import time; time.sleep(1)", **right)
    run = Grade(release, folder, out, "--executor", "dask", "--scheduler", cluster.address)
    until(lambda: len(list(out.glob("submissions/*/result.json"))) >= 1 and judges(victim.pid))
    ours = judges(victim.pid)
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    assert run.end() == (0, f"6 judged. Results: {out / 'summary.html'}\n"), run.said()
    assert outcome(out) == {f"learner{number}": ("judged", 6, "", []) for number in range(6)}
    lines = [json.loads(line)["submission"] for line in (out / "results.jsonl").read_text().splitlines()]
    assert sorted(lines) == [f"learner{number}" for number in range(6)]
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in ours), 10)


def test_workers_of_another_version_get_nothing_whenever_they_come(
    empty_cluster, release, tmp_path, right, hand_in, clone
):
    cluster = empty_cluster
    other = clone(tmp_path / "other", version="9.9.9")
    folder, out = tmp_path / "in", tmp_path / "out"
    hand_in(folder, "ada", **right)
    hand_in(folder, "ben", **right)

    run = Grade(release, folder, out, "--executor", "dask", "--scheduler", cluster.address)
    until(lambda: cluster.tasks() == 2)
    late = cluster.worker("--no-nanny", release=other)
    until(lambda: "has labs 9.9.9, and this is " in run.said())
    assert run.said().count("9.9.9") == 1
    assert not list(out.glob("submissions/*"))

    (folder / "cem.ipynb").write_text("{}")
    early = Grade(release, folder, tmp_path / "early", "--executor", "dask", "--scheduler", cluster.address)
    assert early.end() == (2, "")
    assert early.said().startswith("labs: The worker tcp://")
    assert early.said().count("\n") == 1
    assert not (tmp_path / "early").exists()

    cluster.worker("--no-nanny")
    assert run.end()[0] == 0, run.said()
    assert [result.score for result in stored_results(out)] == [6, 6], outcome(out)
    assert late.poll() is None, "it may be somebody else's worker, too"
