"""Worker processes for `labs verify`: whatever a job does to its process, there is a result in time."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Job", "run_jobs"]

STARTUP = 60.0  # seconds that a worker's imports may take on a loaded machine
SLACK = 10.0  # seconds after its deadline that a job has to end by itself


@dataclass(slots=True)
class Job:
    """One thing for a worker to do."""

    label: str  # for progress: "caching reference"
    order: dict[str, Any]
    deadline: float = 60.0  # seconds for each of its runs
    about: Any = None  # the caller's own
    result: dict[str, Any] = field(default_factory=dict)


def run_jobs(jobs: Sequence[Job], processes: int, done: Callable[[Job], None]) -> None:
    """Run all jobs, at most so many at once; `done` hears of each as it ends, in this thread.

    A result holds what the worker said: "runs" in their order, and how it "ended" or that it was "late".
    """
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


def _drive(worker: _Worker, waiting: queue.SimpleQueue[Job], finished: queue.SimpleQueue[Any]) -> None:
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
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._used = False

    def do(self, job: Job) -> dict[str, Any]:
        """The job's result."""
        if self._process is None or self._process.poll() is not None:
            self._start()
        assert self._process is not None and self._process.stdin is not None
        allowed = job.deadline + SLACK + (0 if self._used else STARTUP)
        self._used = True
        with contextlib.suppress(OSError):
            self._process.stdin.write(json.dumps({**job.order, "deadline": job.deadline}) + "\n")
        result: dict[str, Any] = {"runs": []}
        while True:
            try:
                line = self._lines.get(timeout=allowed)
            except queue.Empty:
                self.kill()
                return {**result, "late": True}
            if not line:
                self.kill()
                return {**result, "ended": "killed, perhaps for want of memory"}
            message = json.loads(line)
            if "end" in message:
                return {**result, "ended": _meaning(message["end"])}
            if "run" in message:
                result["runs"].append(message["run"])
            else:
                result.update(message)
            allowed = job.deadline + SLACK

    def _start(self) -> None:
        with self._lock:
            if self.ended:
                raise RuntimeError("the workers were told to end")
            self._process = subprocess.Popen(
                [sys.executable, "-m", "labs.authoring.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                errors="backslashreplace",
                bufsize=1,
                env={**os.environ, "TMPDIR": self._folder},
                start_new_session=os.name != "nt",
            )
        self._lines = queue.SimpleQueue()
        self._used = False
        threading.Thread(target=_read, args=(self._process, self._lines), daemon=True).start()

    def end(self) -> None:
        """Kill the process and start no other."""
        with self._lock:
            self.ended = True
        self.kill()

    def kill(self) -> None:
        """Kill the process; the next job gets a new one."""
        process, self._process = self._process, None
        if process is None:
            return
        if os.name == "nt":
            process.kill()
        else:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _read(process: subprocess.Popen[str], lines: queue.SimpleQueue[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line)
    lines.put("")


def _meaning(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"
