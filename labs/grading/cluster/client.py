"""Hands submissions to the workers of a dask cluster, a few at a time, and takes what comes back."""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import sys
import time
import uuid
import warnings
from collections.abc import Iterable, Iterator
from typing import Any  # Any: what dask and its workers hand over without types

from distributed import Client, as_completed
from distributed.scheduler import KilledWorker
from tqdm import tqdm

from labs.errors import UserError
from labs.grading.cluster.identity import identity
from labs.grading.cluster.worker import TOPIC, Grading, grade_submission
from labs.grading.cluster.worker_messages import Graded, Task
from labs.grading.isolation.sandbox import Tier
from labs.grading.job import Job
from labs.grading.result import Outcome
from labs.service.messages import decode, encode

__all__ = ["Cluster"]

CONNECT = 10.0  # seconds for the scheduler to answer
ATTEMPTS = 3  # to ask all workers, while some come and go
PAUSE = 1.0  # seconds in between
CLOSE = 0.3  # seconds to say goodbye: when the connection ends, the scheduler drops what is left anyway
AHEAD = 2  # submissions for each thread of a worker: one being graded, one waiting beside it
LOOK = 2.0  # seconds between two looks at which workers there are
POLL = 0.02
PATIENCE = 10.0  # seconds without a worker before somebody is told


class Cluster:
    """Grades on other machines. Every worker gives the best isolation that it can, so there is no tier to name."""

    tier: Tier | None = None

    def __init__(self, address: str, isolation: str) -> None:
        self.address = address
        self._isolation = isolation
        self._without = os.environ.get("LABS_WITHOUT", "")
        self._run = uuid.uuid4().hex[:8]
        self._count = 0
        self._grading = Grading(*identity(), isolation)
        self._sentences: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._pending: dict[Any, Job] = {}
        self._threads = 0
        self._fit: set[str] = set()  # addresses of the workers that can grade
        self._looked = self._worked = time.monotonic()
        self._told = False
        self._client = _connect(address)
        try:
            self._client.subscribe_topic(TOPIC, lambda event: self._sentences.put(str(event[1])))
            self._ask()
            self._look()
        except UserError:
            self.close()
            raise
        except (ImportError, AttributeError) as error:
            self.close()
            raise UserError(
                f"A worker of {address} has another labs package, or none ({error}): give all the same image."
            ) from None
        except Exception as error:  # dask's, tornado's and the system's
            self.close()
            raise UserError(f"The workers of {address} could not be asked: {_short(error)}.") from None
        self._completed = as_completed(loop=self._client.loop, with_results=True, raise_errors=False)

    def _ask(self) -> None:
        """Have every worker say whether it is fit, now and whenever one joins.

        Raises the UserError of the first worker that is not fit.
        """
        for left in reversed(range(ATTEMPTS)):
            try:
                self._client.register_plugin(self._grading, name=self._grading.name)
            except OSError:  # one has ended meanwhile
                if not left:
                    raise
                time.sleep(PAUSE)
            else:
                return

    def grade(self, jobs: Iterable[Job]) -> Iterator[Graded]:
        """Yield one result for every job, as they come, wherever and however often it had to be judged."""
        waiting = iter(jobs)
        exhausted = False
        suspects: list[Job] = []  # jobs that were on workers that ended, several times: theirs or a neighbour's fault
        while True:
            while not exhausted and len(self._pending) < max(1, self._threads) * AHEAD:
                job = next(waiting, None)
                if job is None:
                    exhausted = True
                else:
                    self._submit(job)
            if not self._pending:
                if not suspects:
                    return
                yield from self._grade_alone(suspects.pop())
            for job, result in self._wait():
                if isinstance(result, KilledWorker):
                    suspects.append(job)
                else:
                    yield _graded(job, result)

    def close(self) -> None:
        """Let the scheduler forget what was not done, and the workers end what they are doing."""
        self._pending.clear()
        try:
            self._client.close(timeout=CLOSE)
        except Exception:  # there is nothing left to be done about it
            return

    def _submit(self, job: Job) -> None:
        self._count += 1
        future = self._client.submit(
            grade_submission,
            encode(Task(job, self._isolation)),
            self._without,
            key=f"labs-grade-{self._run}-{self._count}",
            resources={self._grading.resource: 1},
            pure=False,
        )
        self._pending[future] = job
        self._completed.add(future)

    def _grade_alone(self, job: Job) -> Iterator[Graded]:
        """Grade one with nothing beside it, so that it is known whose fault it is when a worker ends again."""
        self._submit(job)
        while self._pending:
            for _, result in self._wait():
                yield _graded(job, result)

    def _wait(self) -> Iterator[tuple[Job, Any]]:
        """Yield the jobs that are ready by now, each with what its worker returned or raised: often there are none."""
        until = time.monotonic() + LOOK
        while self._pending and not self._completed.has_ready() and time.monotonic() < until:
            time.sleep(POLL)
        while self._completed.has_ready():
            future, result = next(self._completed)
            job = self._pending.pop(future, None)
            if job is None:  # handed out anew meanwhile
                continue
            if future.cancelled() or isinstance(result, asyncio.CancelledError):
                raise self._lost()
            self._worked = time.monotonic()
            yield job, result[1] if future.status == "error" else result
        if time.monotonic() - self._looked > LOOK:
            try:
                self._look()
            except OSError:
                raise self._lost() from None

    def _look(self) -> None:
        """Find out which workers there are by now. Raises UserError when the scheduler is gone."""
        if self._client.status not in ("running", "connecting"):
            raise self._lost()
        workers = self._client.scheduler_info(n_workers=-1).get("workers", {})
        threads = {
            address: about.get("resources", {}).get(self._grading.resource) for address, about in workers.items()
        }
        fit = {address for address, number in threads.items() if number}
        if fit - self._fit:
            self._hand_out_again()
        self._fit = fit
        self._looked = now = time.monotonic()
        self._threads = int(sum(threads[address] for address in fit))
        if self._threads:
            self._worked, self._told = now, False
        elif now - self._worked > PATIENCE and not self._told:
            self._told = True
            self._sentences.put(f"No worker of {self.address} can judge yet: waiting for one.")
        while not self._sentences.empty():
            tqdm.write(f"labs: {self._sentences.get()}", file=sys.stderr)

    def _hand_out_again(self) -> None:
        """Submit the waiting tasks again, because a worker has joined that could take them.

        A task that asks for a resource which no worker had when it was submitted waits for ever: the scheduler does
        not look at it again when a worker offers that resource later.
        """
        taken = {key for keys in self._client.processing().values() for key in keys}
        waiting = [future for future in self._pending if future.status == "pending" and future.key not in taken]
        jobs = [self._pending.pop(future) for future in waiting]
        if waiting:
            self._client.cancel(waiting)
        for job in jobs:
            self._submit(job)

    def _lost(self) -> UserError:
        return UserError(
            f"The scheduler at {self.address} is gone. What was judged is kept: the same command goes on from there."
        )


def _connect(address: str) -> Client:
    for name in list(logging.root.manager.loggerDict):
        if name.startswith(("distributed", "tornado")):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters is said in a sentence
    warnings.filterwarnings("ignore", module="distributed")
    try:
        return Client(address, timeout=CONNECT, set_as_default=False, name="labs-grade")
    except Exception as error:  # dask's, tornado's and the system's
        raise UserError(f"There is no dask scheduler at {address!r}: {_short(error)}.") from None


def _graded(job: Job, result: Any) -> Graded:  # Any: whatever a worker sent
    try:
        if not isinstance(result, BaseException):
            graded = decode(result, Graded)
            # What the client knows, it need not be told.
            graded.result.submission, graded.result.learner = job.submission, job.learner
            graded.result.source, graded.result.content = job.source, job.digest
            return graded
        sentence = "The workers that judged it ended each time, with nothing else on them, too: their logs may say why"
        if not isinstance(result, KilledWorker):
            sentence = f"The worker that judged it went wrong: {_short(result)}"
    except (ValueError, TypeError):
        sentence = "The worker that judged it sent something that makes no sense"
    failed = job.result()
    failed.isolation = None  # only a worker knows its tier
    failed.outcome, failed.sentence = Outcome.FAILED, f"{sentence.rstrip('.')}. Run the same command again."
    return Graded(failed)


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split())[:300].rstrip(".")
    return text if isinstance(error, UserError) else f"{type(error).__name__}: {text}".rstrip(": ")
