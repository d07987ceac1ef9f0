"""A dask cluster for a test: a scheduler and workers, each with a network of its own where the machine gives that."""

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

from labs.course.catalog import ROOT
from labs.grading.isolation.limits import descendants

PATIENCE = 120  # seconds, on a busy machine


# What stands on every machine


@pytest.fixture(scope="session")
def clone(build_course, demo_lab):
    """Copies the labs as they are now, with one small lab, so that nothing changes while workers come and go."""

    def copy(root: Path, version: str = "") -> Path:
        shutil.copytree(ROOT / "labs", root / "labs", ignore=shutil.ignore_patterns("patterns", "__pycache__"))
        build_course(root, demo_lab, "labs/patterns")
        if version:
            file = root / "labs" / "__init__.py"
            file.write_text(f"{file.read_text()}\n__version__ = {version!r}\n")
        return root

    return copy


@pytest.fixture(scope="module")
def release(clone, tmp_path_factory):
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
        import distributed

        with distributed.Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(number, timeout=PATIENCE)

    def tasks(self):
        import distributed

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


def commands(pid):
    found = []
    for one in descendants(pid):
        with contextlib.suppress(OSError):
            found.append(Path(f"/proc/{one}/cmdline").read_bytes())
    return found


# What is handed in, and graded


@pytest.fixture
def hand_in(answered, demo_lab):
    """Writes a notebook of the demo with these answers, and with another cell in front."""

    def write(folder, name, cell="", **answers):
        folder.mkdir(exist_ok=True)
        notebook = answered(demo_lab, **answers)
        if cell:
            notebook.cells.insert(1, new_code_cell(cell))
        nbformat.write(notebook, folder / f"{name}.ipynb")

    return write


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
