"""In a dask worker: what it is fit for, and the task that grades one submission."""

from __future__ import annotations

import asyncio
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any  # Any: workers of dask, which has few types

from distributed import Reschedule, WorkerPlugin, get_worker
from distributed.core import Status

from labs.errors import UserError
from labs.grading.cluster.worker_messages import Hello
from labs.grading.isolation.sandbox import Tier
from labs.service.messages import decode

__all__ = ["TOPIC", "Grading", "grade_submission"]

TOPIC = "labs-grade"  # of dask events: sentences about workers that were refused
IDLE = 60.0  # seconds after which a child without work ends
TICK = 0.2  # seconds between two looks at whether a submission is still to be graded
START = 120.0  # seconds for a child to import everything, on a busy machine
END = 5.0  # seconds for a child to clean up
ATTEMPTS = 2  # for a child that ends before it has answered
COMMAND = [sys.executable, "-W", "ignore", "-c", "from labs.grading.cluster.worker_child import main; main()"]


class _EndedError(Exception):
    """The child is gone."""


class _UnwantedError(Exception):
    """Nobody waits for the answer any more."""


class _Child:
    """The process of labs.grading.cluster.worker_child, seen from one thread at a time."""

    def __init__(self, without: str) -> None:
        self.without = without
        self.since = time.monotonic()  # without work
        self._said = bytearray()
        self._process = subprocess.Popen(
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "LABS_WITHOUT": without},
            start_new_session=True,  # Ctrl-C is for the worker, which ends its children itself
        )
        give_up = time.monotonic() + START
        try:
            self.hello = decode(self._line(lambda: time.monotonic() < give_up), Hello)
        except (_EndedError, _UnwantedError, ValueError):
            self.close()
            raise _EndedError from None

    def ask(self, line: bytes, wanted: Callable[[], bool]) -> bytes:
        """Send one line and return the line that answers it. Raises _EndedError, _UnwantedError when not `wanted`."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except OSError:
            raise _EndedError from None
        return self._line(wanted)

    def _line(self, wanted: Callable[[], bool]) -> bytes:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        while b"\n" not in self._said[-65536:]:
            if select.select([descriptor], [], [], TICK)[0]:
                piece = os.read(descriptor, 65536)
                if not piece:
                    raise _EndedError
                self._said += piece
            elif not wanted():
                raise _UnwantedError
        line, _, self._said = self._said.partition(b"\n")
        return bytes(line)

    def close(self) -> None:
        """End the child and all that it has started."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue
        try:
            self._process.wait(END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class _Children:
    """The children of this process, kept warm between two submissions, and for a while after the last one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._reaper: threading.Thread | None = None

    def take(self, without: str) -> _Child:
        """A child that is free, or a new one. Raises _EndedError."""
        with self._lock:
            for one in self._idle:
                if one.without == without:
                    self._idle.remove(one)
                    return one
        return _Child(without)

    def give_back(self, child: _Child) -> None:
        """Let this child take another submission."""
        child.since = time.monotonic()
        with self._lock:
            self._idle.append(child)
            if self._reaper is None:
                self._reaper = threading.Thread(target=self._reap, name="labs-grade-idle", daemon=True)
                self._reaper.start()

    def _reap(self) -> None:
        while True:
            time.sleep(IDLE / 12)
            with self._lock:
                late = [one for one in self._idle if time.monotonic() - one.since > IDLE]
                self._idle = [one for one in self._idle if one not in late]
                if not late and not self._idle:
                    self._reaper = None
                    return
            for one in late:
                one.close()

    def close(self) -> None:
        """End the children that are free."""
        with self._lock:
            idle, self._idle = self._idle, []
        for one in idle:
            one.close()


_children = _Children()


def _greet() -> Hello:
    child = _children.take("")
    _children.give_back(child)
    return child.hello


class Grading(WorkerPlugin):
    """Lets a worker of the same release offer its threads for grading, and no other one.

    A task asks for the resource that is named after its client's release: whatever joins later, with whatever release,
    can't be given one by mistake.
    """

    def __init__(self, version: str, release: str, isolation: str) -> None:
        self.version, self.release, self.isolation = version, release, isolation
        required = "-namespaces" if isolation == "require" else ""
        self.resource = self.name = f"labs-{version}-{release}{required}"

    async def setup(self, worker: Any) -> None:  # dask's
        """Find out whether the worker is fit, and offer its threads. Raises UserError on one that is not fit."""
        loop = asyncio.get_running_loop()
        try:
            hello = await loop.run_in_executor(None, _greet)
        except _EndedError:
            problem = "can't start a process that judges: see its log"
        else:
            problem = self._problem(hello)
        if problem:
            sentence = f"The worker {worker.address} {problem}."
            # A worker that is just joining can't say it yet.
            loop.call_later(0.5, worker.log_event, TOPIC, sentence)
            raise UserError(sentence)
        await worker.set_resources(**{self.resource: worker.state.nthreads})

    def _problem(self, hello: Hello) -> str:
        """What keeps a worker from grading for this client, as the rest of a sentence; empty when nothing does."""
        if hello.version != self.version:
            return f"has labs {hello.version}, and this is {self.version}: give all the same image"
        if hello.release != self.release:
            return (
                f"has other files of labs {self.version} ({hello.release}, and here {self.release}): "
                "give all the same image"
            )
        if hello.unfit:
            return f"is not safe to grade on. {hello.unfit.rstrip('.')}"
        if self.isolation == "require" and hello.tier is not Tier.NAMESPACES:
            return f"gives no namespaces, which --isolation=require asks for: {hello.problem.rstrip('.')}"
        return ""

    def teardown(self, worker: Any) -> None:  # dask's
        """When the worker ends, so do its children; when only this plugin is replaced, they stay for the next one."""
        if worker.status not in (Status.running, Status.paused):
            _children.close()


def grade_submission(task: bytes, without: str) -> bytes:
    """One submission: an encoded Task in, an encoded Graded out. `without` is what LABS_WITHOUT says at the client."""
    worker = get_worker()
    key = worker.get_current_task()

    def wanted() -> bool:
        state = worker.state.tasks.get(key)
        ending = worker.status in (Status.closing, Status.closed, Status.failed)
        return state is not None and state.state != "cancelled" and not ending

    for _ in range(ATTEMPTS):
        child = None
        try:
            child = _children.take(without)
            answer = child.ask(task, wanted)
        except _EndedError:
            if child is not None:
                child.close()
        except _UnwantedError:
            assert child is not None
            child.close()
            raise Reschedule from None  # nobody asks for it again; if anybody does, from the start
        else:
            _children.give_back(child)
            return answer
    raise UserError(f"The process that judges on {worker.address} ended {ATTEMPTS} times before it had answered.")
