"""The ways of grading that are compared. Each grades the workload some times and says what one submission took."""

from __future__ import annotations

import abc
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import nbformat

from benchmarks.grading.environment import Peer, environment
from benchmarks.grading.measure import children, reap
from benchmarks.grading.workload import KERNEL, Workload

__all__ = ["Api", "Batch", "Contestant", "Limit", "Nbgrader", "Otter", "PapermillCommand", "Sample"]

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Sample:
    """Seconds for one submission."""

    wall: float
    cpu: float


class Contestant(abc.ABC):
    """One way of grading. `batch`: how many submissions a sample is made of."""

    def __init__(self, name: str, workload: Workload, folder: Path, batch: int) -> None:
        self.name = name
        self.workload = workload
        self.folder = folder / "".join(letter if letter.isalnum() else "-" for letter in name)
        self.batch = batch
        self.meter: Callable[[], float] = lambda: 0.0  # processor time of all processes so far; costs time itself

    @abc.abstractmethod
    def sample(self, workers: int) -> Sample:
        """Grade the batch with so many workers. Raises RuntimeError when a check did not pass."""

    def close(self) -> None:
        """End what still runs."""

    def fresh_folder(self) -> Path:
        """Its folder, emptied."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        return self.folder


class _Served(Contestant):
    """Grades in processes that stay: a line in, a line out."""

    module = ""
    arguments: tuple[str, ...] = ()
    _servers: list[subprocess.Popen[str]]

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self._servers = []

    def _start(self, workers: int) -> None:
        while len(self._servers) < workers:
            server = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", self.module, *self.arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=ROOT,
                text=True,
                env=self.environment(),
            )
            self._servers.append(server)
            _expect(server.stdout.readline(), "ready", self.name)
            self._once(server, len(self._servers))  # what is built on first use

    def environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONWARNINGS": "ignore"}

    def sample(self, workers: int) -> Sample:
        self._start(workers)
        servers = self._servers[:workers]
        before = self.meter()
        started = time.perf_counter()
        with ThreadPoolExecutor(workers) as pool:
            for work in [pool.submit(self._several, server, number) for number, server in enumerate(servers)]:
                work.result()
        wall = time.perf_counter() - started
        cpu = self.meter() - before
        return Sample(wall / self.batch / workers, cpu / self.batch / workers)

    def _several(self, server: subprocess.Popen[str], number: int) -> None:
        for _ in range(self.batch):
            self._once(server, number)

    @abc.abstractmethod
    def _once(self, server: subprocess.Popen[str], number: int) -> None: ...

    def close(self) -> None:
        for server in self._servers:
            server.stdin.close()
            server.wait()
            server.stdout.close()
        self._servers.clear()


class Limit(_Served):
    """See limit.py."""

    module = "benchmarks.grading.limit"

    def __init__(self, *arguments: object, pinned: bool = False) -> None:
        super().__init__(*arguments)
        self.arguments = (self.workload.lab, *(["pinned"] if pinned else []))

    def _once(self, server: subprocess.Popen[str], number: int) -> None:
        print(number, file=server.stdin, flush=True)
        _expect(server.stdout.readline(), str(self.workload.checks), self.name)


class Api(_Served):
    """papermill.execute_notebook, again and again in one process."""

    module = "benchmarks.grading.api"

    def environment(self) -> dict[str, str]:
        return environment(self.folder)

    def _start(self, workers: int) -> None:
        if not self._servers:
            nbformat.write(self.workload.plain(), self.fresh_folder() / "lab.ipynb")
        super()._start(workers)

    def _once(self, server: subprocess.Popen[str], number: int) -> None:
        target = self.folder / f"out{number}.ipynb"
        target.unlink(missing_ok=True)
        print(f"{self.folder / 'lab.ipynb'}\t{target}", file=server.stdin, flush=True)
        _expect(server.stdout.readline(), "done", self.name)
        _expect_clean(target, self.name)


class Batch(Contestant):
    """`labs grade` over a folder. What it takes to start is left out: it is the same for ten and for ten thousand."""

    def __init__(self, name: str, workload: Workload, folder: Path, batch: int, command: Callable[..., list[str]]):
        super().__init__(name, workload, folder, batch)
        self._command = command

    def sample(self, workers: int) -> Sample:
        few = self._run(workers, workers)
        many = self._run(workers, workers * (1 + self.batch))
        more = workers * self.batch
        finished = many[1]
        wall = (finished[-1] - finished[workers - 1]) / (len(finished) - workers)
        return Sample(wall, max(0.0, many[0] - few[0]) / more)

    def _run(self, workers: int, count: int) -> tuple[float, list[float]]:
        """Processor time of all of it, and when each submission was finished."""
        folder = self.fresh_folder()
        self.workload.write_submissions(folder / "in", count)
        before, known = self.meter(), set(children())
        process = subprocess.run(
            self._command(str(folder / "in"), str(folder / "out"), str(workers)),
            check=False,
            capture_output=True,
            text=True,
            cwd=ROOT,
        )
        left = reap(known)
        results = sorted((folder / "out/submissions").glob("*/result.json"))
        if process.returncode or left or len(results) != count:
            raise RuntimeError(f"{self.name}: {process.stdout[-500:]}{process.stderr[-1500:]} {left} {len(results)}")
        for path in results:
            verdicts = json.loads(path.read_text("utf-8"))["report"]["verdicts"]
            _expect(
                str(sum(verdict["status"] == "passed" for verdict in verdicts)), str(self.workload.checks), self.name
            )
        return self.meter() - before, sorted(path.stat().st_mtime for path in results)


class _Command(Contestant):
    """A command for each submission, as many at once as there are workers."""

    def sample(self, workers: int) -> Sample:
        self.fresh_folder()
        for worker in range(workers):
            self.prepare(worker)
        before, started = self.meter(), time.perf_counter()
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(self._grade, range(workers)))
        wall, cpu = time.perf_counter() - started, self.meter() - before
        for worker in range(workers):
            self.look(worker)
        return Sample(wall / workers / self.batch, cpu / workers / self.batch)

    def _grade(self, worker: int) -> None:
        argv, folder, variables = self.command(worker)
        process = subprocess.run(argv, cwd=folder, env=variables, check=False, capture_output=True, text=True)
        if process.returncode:
            raise RuntimeError(f"{self.name}: {process.stdout[-1500:]}{process.stderr[-1500:]}")
        (self.folder / f"said{worker}").write_text(process.stdout + process.stderr, "utf-8")

    @abc.abstractmethod
    def prepare(self, worker: int) -> None:
        """Write what the command needs."""

    @abc.abstractmethod
    def command(self, worker: int) -> tuple[list[str], Path, dict[str, str]]:
        """Arguments, folder and environment."""

    @abc.abstractmethod
    def look(self, worker: int) -> None:
        """Make sure that every check passed."""


class PapermillCommand(_Command):
    """`papermill in.ipynb out.ipynb`."""

    def prepare(self, worker: int) -> None:
        nbformat.write(self.workload.plain(), self.folder / f"in{worker}.ipynb")

    def command(self, worker: int) -> tuple[list[str], Path, dict[str, str]]:
        argv = [sys.executable, "-m", "papermill", f"in{worker}.ipynb", f"out{worker}.ipynb", "-k", KERNEL]
        return [*argv, "--no-progress-bar"], self.folder, environment(self.folder)

    def look(self, worker: int) -> None:
        _expect_clean(self.folder / f"out{worker}.ipynb", self.name)


class _PeerCommand(_Command):
    """A command of a peer's own environment."""

    def __init__(self, name: str, workload: Workload, folder: Path, batch: int, peer: Peer) -> None:
        super().__init__(name, workload, folder, batch)
        self.peer = peer


class Nbgrader(_PeerCommand):
    """`nbgrader autograde`, over as many students as the batch has."""

    def prepare(self, worker: int) -> None:
        course = self.folder / f"course{worker}"
        handed_in = [course / f"submitted/student{number}/lab" for number in range(self.batch)]
        for place in (course / "source/lab", *handed_in):
            place.mkdir(parents=True)
            nbformat.write(self.workload.nbgrader(), place / "lab.ipynb")
        argv = [self.peer.commands / "nbgrader", "generate_assignment", "lab"]
        subprocess.run(argv, cwd=course, env=self.peer.environment, check=True, capture_output=True)

    def command(self, worker: int) -> tuple[list[str], Path, dict[str, str]]:
        argv = [str(self.peer.commands / "nbgrader"), "autograde", "lab"]
        return argv, self.folder / f"course{worker}", self.peer.environment

    def look(self, worker: int) -> None:
        for number in range(self.batch):
            _expect_clean(self.folder / f"course{worker}/autograded/student{number}/lab/lab.ipynb", self.name)


class Otter(_PeerCommand):
    """`otter run`, without Docker."""

    def prepare(self, worker: int) -> None:
        place = self.folder / f"run{worker}"
        place.mkdir()
        nbformat.write(self.workload.otter(), place / "lab.ipynb")
        self.workload.write_autograder(place / "autograder.zip")

    def command(self, worker: int) -> tuple[list[str], Path, dict[str, str]]:
        argv = [str(self.peer.commands / "otter"), "run", "-a", "autograder.zip", "-o", ".", "--no-logo", "lab.ipynb"]
        return argv, self.folder / f"run{worker}", self.peer.environment

    def look(self, worker: int) -> None:
        results = json.loads((self.folder / f"run{worker}/results.json").read_text("utf-8"))
        tests = [test for test in results["tests"] if test.get("max_score")]
        earned = sum(test["score"] for test in tests)
        _expect(str(round(earned)), str(self.workload.checks), self.name)


def _expect(got: str, wanted: str, name: str) -> None:
    if got.strip() != wanted:
        raise RuntimeError(f"{name}: {wanted} was expected, and {got.strip()!r} came.")


def _expect_clean(path: Path, name: str) -> None:
    """An executed notebook without a single error."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                raise RuntimeError(f"{name}: {path}: {output.ename}: {output.evalue}")
    if notebook.cells[-1].execution_count is None:
        raise RuntimeError(f"{name}: {path} was not executed to its end")
