"""Grading on several machines: a real scheduler, real workers, and what happens when they end, differ or come late."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from labs.authoring.notebook import learner_notebook, to_text
from labs.cli import main
from labs.course.catalog import Pattern
from labs.grading.batch import stored_results
from labs.grading.isolation.limits import descendants

distributed = pytest.importorskip("distributed", reason="the extra `distributed` is not installed")
pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="batches are graded on Linux"),
    pytest.mark.slow,
]

HERE = Path(__file__).parents[2]
DEMO = Pattern(HERE / "labs" / "demo")
RIGHT = {exercise.name: exercise.solution for exercise in DEMO.exercises}
PATIENCE = 120  # seconds, on a busy machine


# What stands on every machine


def clone(root: Path, version: str = "") -> Path:
    """The labs as they are now, with one small lab, so that nothing changes while workers come and go."""
    skip = shutil.ignore_patterns("patterns", "__pycache__")
    shutil.copytree(HERE.parent / "labs", root / "labs", ignore=skip)
    shutil.copytree(DEMO.folder, root / "labs" / "patterns" / "demo")
    (root / "notebooks").mkdir()
    (root / "notebooks" / DEMO.notebook_name).write_text(to_text(learner_notebook(DEMO.lesson)))
    if version:
        file = root / "labs" / "__init__.py"
        file.write_text(f"{file.read_text()}\n__version__ = {version!r}\n")
    return root


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    return clone(tmp_path_factory.mktemp("release") / "clone")


def environment(release):
    return {**os.environ, "PYTHONPATH": str(release), "DASK_DISTRIBUTED__VERSION_CHECK": "false"}


class Machine:
    """Where a worker runs: a network namespace of its own, with one cable to the scheduler.

    The namespace has no name that could outlive these tests: it ends with the last process in it.
    """

    count = 0

    def __init__(self):
        Machine.count += 1
        self.holder = subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE)  # cat ends when we do
        own = os.readlink("/proc/self/ns/net")
        until(lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != own)
        self.prefix = ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net"]
        cable = f"labs{os.getpid()}.{Machine.count}"  # an interface's name has 15 characters at most
        network = f"10.{213 + Machine.count}.{os.getpid() // 64 % 256}"
        last = os.getpid() % 64 * 4
        self.host, there = (f"{network}.{last + number}" for number in (1, 2))
        for command in (
            ["ip", "link", "add", cable, "type", "veth", "peer", "name", "cable", "netns", str(self.holder.pid)],
            ["ip", "addr", "add", f"{self.host}/30", "dev", cable],
            ["ip", "link", "set", cable, "up"],
            [*self.prefix, "ip", "addr", "add", f"{there}/30", "dev", "cable"],
            [*self.prefix, "ip", "link", "set", "cable", "up"],
            [*self.prefix, "ip", "link", "set", "lo", "up"],
        ):
            subprocess.run(command, check=True)

    def close(self):
        self.holder.stdin.close()
        self.holder.wait()


@functools.cache
def can_separate():
    """Whether a worker can have a network namespace of its own here."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("ip", "unshare", "nsenter"))):
        return False
    return subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode == 0


class Cluster:
    """A scheduler, and workers as they are added."""

    def __init__(self, folder, release):
        self.folder, self.release = folder, release
        self.processes, self.machines = [], []
        file = folder / "scheduler.json"
        self.scheduler = self.start("scheduler", "--host", "0.0.0.0", "--port", "0", "--scheduler-file", str(file))
        until(file.exists)
        self.port = until(lambda: read(file)).rpartition(":")[2]
        self.address = f"tcp://127.0.0.1:{self.port}"

    def start(self, *arguments, release=None, prefix=()):
        log = (self.folder / f"{len(self.processes)}.log").open("wb")
        process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "dask", *arguments, "--no-dashboard"],
            env=environment(release or self.release),
            stdout=log,
            stderr=log,
            cwd=self.folder,
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def worker(self, *arguments, release=None):
        """Start one with one thread; it runs in a namespace where there can be any."""
        address, prefix = self.address, ()
        if can_separate():
            self.machines.append(Machine())
            address = f"tcp://{self.machines[-1].host}:{self.port}"
            prefix = self.machines[-1].prefix
        common = ("--nthreads", "1", "--local-directory", str(self.folder), *arguments)
        return self.start("worker", address, *common, release=release, prefix=prefix)

    def wait_for_workers(self, number):
        with distributed.Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(number, timeout=PATIENCE)

    def tasks(self):
        with distributed.Client(self.address, set_as_default=False) as client:
            return client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))

    def close(self):
        for process in reversed(self.processes):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        until(lambda: not any(judges(process.pid) for process in self.processes))
        for machine in self.machines:
            machine.close()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, release):
    """Two workers: one that will be killed, and one under a nanny, as dask starts them by default."""
    made = Cluster(tmp_path_factory.mktemp("cluster"), release)
    made.victim = made.worker("--no-nanny")
    made.other = made.worker()
    made.wait_for_workers(2)
    yield made
    made.close()


@pytest.fixture
def empty_cluster(tmp_path, release):
    made = Cluster(tmp_path, release)
    yield made
    made.close()


def until(condition, seconds=PATIENCE):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)
    return found


def read(file):
    try:
        return json.loads(file.read_text())["address"]
    except ValueError:  # it is being written
        return ""


def judges(pid):
    """The processes below one that judge."""
    found = []
    for one in descendants(pid):
        with contextlib.suppress(OSError):
            if b"labs.grading" in Path(f"/proc/{one}/cmdline").read_bytes():
                found.append(one)
    return found


# What is handed in, and graded


def hand_in(folder, name, cell="", **answers):
    folder.mkdir(exist_ok=True)
    notebook = learner_notebook(DEMO.lesson)
    for one in notebook.cells:
        if (exercise := one.metadata.get("labs", {}).get("exercise")) in answers:
            one.source = answers[exercise]
    if cell:
        notebook.cells.insert(1, new_code_cell(cell))
    nbformat.write(notebook, folder / f"{name}.ipynb")


class Grade:
    """`labs grade` in a process of its own, its stderr as it comes."""

    def __init__(self, release, submissions, out, *options):
        command = [sys.executable, "-m", "labs.cli", "grade", str(submissions), "--out", str(out), *options]
        self.errors = out.parent / f"{out.name}.err"
        with self.errors.open("wb") as file:
            self.process = subprocess.Popen(
                command, env=environment(release), stdout=subprocess.PIPE, stderr=file, text=True, cwd=out.parent
            )

    def said(self):
        return self.errors.read_text()

    def end(self):
        """(exit code, stdout)."""
        try:
            stdout, _ = self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return self.process.returncode, stdout


def outcome(out):
    return {
        result.learner: (str(result.outcome), result.score, result.sentence, result.notes)
        for result in stored_results(out)
    }


def isolation(out):
    return {result.learner: result.isolation for result in stored_results(out)}


def test_workers_judge_as_one_machine_does_and_nothing_twice(cluster, release, tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    hand_in(folder, "ada", **RIGHT)
    hand_in(folder, "ben", greet=RIGHT["greet"], count="import os; os._exit(3)")
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

    hand_in(folder, "eve", **RIGHT)
    again = Grade(release, folder, out, "--executor", "dask", "--scheduler", cluster.address)
    code, said = again.end()
    assert (code, said.partition(". ")[0]) == (0, "4 judged, 1 rejected (3 of them in an earlier run)")


def test_ctrl_c_ends_at_once_and_nobody_goes_on(cluster, release, tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    for number in range(6):
        hand_in(folder, f"learner{number}", cell="import time; time.sleep(20)", **RIGHT)
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


def commands(pid):
    found = []
    for one in descendants(pid):
        with contextlib.suppress(OSError):
            found.append(Path(f"/proc/{one}/cmdline").read_bytes())
    return found


def test_a_worker_that_is_killed_costs_time_and_nothing_else(cluster, release, tmp_path):
    victim = cluster.victim
    folder, out = tmp_path / "in", tmp_path / "out"
    for number in range(6):
        hand_in(folder, f"learner{number}", cell="import time; time.sleep(1)", **RIGHT)
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


def test_workers_of_another_version_get_nothing_whenever_they_come(empty_cluster, release, tmp_path):
    cluster = empty_cluster
    other = clone(tmp_path / "other", version="9.9.9")
    folder, out = tmp_path / "in", tmp_path / "out"
    hand_in(folder, "ada", **RIGHT)
    hand_in(folder, "ben", **RIGHT)

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


def test_a_scheduler_that_is_not_there_is_a_sentence(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("labs.grading.cluster.client.CONNECT", 0.5)
    hand_in(tmp_path / "in", "ada")
    options = ["--executor", "dask", "--scheduler", "tcp://127.0.0.1:9"]
    assert main(["grade", str(tmp_path / "in"), "--out", str(tmp_path / "out"), *options]) == 2
    said = capsys.readouterr().err
    assert said.startswith("labs: There is no dask scheduler at 'tcp://127.0.0.1:9': ")
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_without_the_extra_dask_is_a_sentence(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    hand_in(tmp_path / "in", "ada")
    options = ["--executor", "dask", "--scheduler", "tcp://127.0.0.1:9"]
    assert main(["grade", str(tmp_path / "in"), "--out", str(tmp_path / "out"), *options]) == 2
    assert "pip install 'service-patterns-workbook[distributed]'" in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--executor", "dask"], ["--scheduler", "tcp://127.0.0.1:9"]])
def test_executor_and_scheduler_go_together(tmp_path, capsys, options):
    hand_in(tmp_path / "in", "ada")
    assert main(["grade", str(tmp_path / "in"), "--out", str(tmp_path / "out"), *options]) == 2
    assert capsys.readouterr().err == "labs: --executor dask and --scheduler ADDRESS go together.\n"
