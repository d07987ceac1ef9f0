"""Worker processes for `labs verify`: whatever a job does to its process, there is a result in time."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from labs.authoring.checksfolder import Inspection
from labs.authoring.worker_messages import FROM_WORKER, Broken, Done, FromWorker, Late, ServiceRun, ToWorker
from labs.service.messages import decode, encode
from labs.service.processes import how_it_ended, kill_group

__all__ = ["Job", "Result", "run_jobs"]

STARTUP = 60.0  # seconds that a worker's imports may take on a loaded machine
SLACK = 10.0  # seconds after its deadline that a job has to end by itself


@dataclass(slots=True)
class Result:
    """What came of a job, as far as it came."""

    inspection: Inspection | None = None
    runs: list[ServiceRun] = field(default_factory=list)  # in the order of the services
    broke: str = ""  # a traceback of our own code
    late: bool = False  # whether it was not done in time
    ended: str = ""  # how the process that did it ended


@dataclass(slots=True)
class Job:
    """One thing for a worker to do."""

    label: str  # for progress: "caching reference"
    order: ToWorker
    done: Callable[[Job], None]  # the caller's own, for when it is done
    result: Result = field(default_factory=Result)


def run_jobs(jobs: Sequence[Job], processes: int, done: Callable[[Job], None]) -> None:
    """Run all jobs, at most so many at once; `done` hears of each as it ends, in this thread."""
    waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
    finished: queue.SimpleQueue[Job | BaseException] = queue.SimpleQueue()
    for job in jobs:
        waiting.put(job)
    with tempfile.TemporaryDirectory(prefix="labs-verify-", ignore_cleanup_errors=True) as folder:
        workers = [_Worker(folder) for _ in range(max(1, min(processes, len(jobs))))]
        for worker in workers:
            threading.Thread(target=_drive, args=(worker, waiting, finished), daemon=True).start()
        try:
            for _ in jobs:
                ended = finished.get()
                if isinstance(ended, BaseException):
                    raise ended
                done(ended)
        finally:
            for worker in workers:
                worker.end()


def _drive(worker: _Worker, waiting: queue.SimpleQueue[Job], finished: queue.SimpleQueue[Job | BaseException]) -> None:
    while not worker.ended:
        try:
            job = waiting.get_nowait()
        except queue.Empty:
            return
        try:
            job.result = worker.do(job)
        except BaseException as error:  # a bug here must not leave the caller waiting
            finished.put(error)
            return
        finished.put(job)


class _Worker:
    """One process, started when it is first needed and again after it had to be killed."""

    def __init__(self, folder: str) -> None:
        self.ended = False
        self._folder = folder  # for temporary files: a killed process leaves its own behind
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._messages: queue.SimpleQueue[FromWorker | None] = queue.SimpleQueue()
        self._used = False

    def do(self, job: Job) -> Result:
        """The job's result."""
        if self._process is None or self._process.poll() is not None:
            self._start()
        assert self._process is not None and self._process.stdin is not None
        patience = job.order.deadline + SLACK
        allowed = patience if self._used else patience + STARTUP
        self._used = True
        with contextlib.suppress(OSError):
            self._process.stdin.write(encode(job.order))
            self._process.stdin.flush()
        result = Result()
        while True:
            try:
                message = self._messages.get(timeout=allowed)
            except queue.Empty:
                self.kill()
                result.late = True
                return result
            match message:
                case None:
                    self.kill()
                    result.ended = "killed, perhaps for want of memory"
                    return result
                case Done():
                    result.ended = how_it_ended(message.code)
                    return result
                case ServiceRun():
                    result.runs.append(message)
                case Inspection():
                    result.inspection = message
                case Broken():
                    result.broke = message.traceback
                case Late():
                    result.late = True
            allowed = patience

    def _start(self) -> None:
        with self._lock:
            if self.ended:
                raise RuntimeError("the workers were told to end")
            self._process = subprocess.Popen(
                [sys.executable, "-m", "labs.authoring.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "TMPDIR": self._folder},
                start_new_session=os.name != "nt",
            )
        self._messages = queue.SimpleQueue()
        self._used = False
        threading.Thread(target=_read, args=(self._process, self._messages), daemon=True).start()

    def end(self) -> None:
        """Kill the process and start no other."""
        with self._lock:
            self.ended = True
        self.kill()

    def kill(self) -> None:
        """Kill the process; the next job gets a new one."""
        process, self._process = self._process, None
        if process is not None:
            kill_group(process)


def _read(process: subprocess.Popen[bytes], messages: queue.SimpleQueue[FromWorker | None]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        try:
            messages.put(decode(line, *FROM_WORKER))
        except ValueError as error:
            messages.put(Broken(f"What the worker says can't be read: {error}"))
    messages.put(None)
