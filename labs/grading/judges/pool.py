"""Judges at work: a process for each submission, several at once, each with its time limit and its end.

While so many are at work, the next one gets ready, up to a kernel that waits for the first cell: its turn then begins
without delay.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from labs.grading.isolation import sandbox
from labs.grading.job import Job
from labs.grading.judges.start import forking_context
from labs.grading.kernels.start import shared_forkserver
from labs.grading.result import Outcome, Result
from labs.grading.submissions.plainfile import remove_folder
from labs.judge.verdict import Report, Verdict

__all__ = ["Judged", "Pool"]

GRACE = 30.0  # seconds beyond a submission's own limit until its judge is ended
MAX_MESSAGE = 64 * 1024 * 1024  # bytes from a judge
TICK = 0.25  # seconds between two looks at the time limits
AHEAD = 1  # judges that get ready before it is their turn
ATTEMPTS = 2  # for a judge that ends before it has said anything

_PREFIX = "labs-grade-"


def _judge(job: Job, forkserver: str, work: str, connection: Connection, turn: Connection) -> None:
    from labs.grading.judges.judging import judge_process  # there it is imported already, and here nobody waits for it

    def wait_for_turn() -> int | None:
        try:
            return turn.recv()
        except EOFError:  # the batch was stopped
            sys.exit()

    try:
        judge_process(job, forkserver, work, connection, wait_for_turn)
    except BrokenPipeError:  # same
        return
    except Exception as error:
        connection.send_bytes(json.dumps({"broke": f"{type(error).__name__}: {error}"[:500]}).encode())
        raise


@dataclass(slots=True)
class Judged:
    """What came of one job."""

    result: Result
    executed: str = ""  # the executed notebook; empty when there is none


@dataclass(slots=True)
class _Running:
    job: Job
    process: Any
    connection: Connection
    turn: Connection
    work: Path
    attempt: int
    result: Result
    started: float = float("inf")  # when its turn began
    processor: int | None = None  # where its service runs
    executed: str = ""
    done: bool = False
    overdue: bool = False
    broke: str = ""
    failed: str = ""
    verdicts: dict[str, Verdict] = field(default_factory=dict)


class Pool:
    """Judges jobs in processes forked from a warm one. Close it, and nothing is left running or on disk."""

    def __init__(self, jobs: int, processors: Sequence[int] = ()) -> None:
        """`processors` are shared out among the services that are judged; without any they run where they like."""
        self.jobs = jobs
        self.processors = processors
        self._context = forking_context()
        _remove_leftovers()
        self._folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
        self._folder.chmod(0o711)
        self._running: list[_Running] = []
        self._count = 0

    def judge(self, jobs: Iterable[Job]) -> Iterator[Judged]:
        """Judge all of them, yielding each as it is done. Takes a job only when there is room for it to get ready."""
        waiting = iter(jobs)
        exhausted = False
        done: list[Judged] = []
        while True:
            while not exhausted and len(self._running) < self.jobs + AHEAD:
                job = next(waiting, None)
                if job is None:
                    exhausted = True
                else:
                    self._start(job, attempt=1)
            yield from done  # only now: while their reports are written the next ones are at work
            if not self._running:
                return
            done = list(self._wait())

    def close(self) -> None:
        """End what still runs, at once."""
        for running in self._running:
            running.process.kill()
        for running in self._running:
            running.process.join()
        self._running.clear()
        remove_folder(self._folder)

    def _give_turns(self) -> None:
        """To those that were started first."""
        for running in self._running[: self.jobs]:
            if running.started == float("inf"):
                running.started = time.monotonic()
                taken = [other.processor for other in self._running]
                running.processor = min(self.processors, key=taken.count, default=None)
                with contextlib.suppress(BrokenPipeError):  # it has ended, which is seen where it is listened to
                    running.turn.send(running.processor)
                running.turn.close()

    def _start(self, job: Job, attempt: int) -> None:
        self._count += 1
        work = self._folder / str(self._count)
        work.mkdir(mode=0o700)
        os.chown(work, sandbox.owner(), -1)
        reader, writer = self._context.Pipe(duplex=False)
        path = shared_forkserver().path if job.fork else ""
        waiting, turn = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_judge, args=(job, path, str(work), writer, waiting), daemon=True)
        process.start()
        writer.close()
        waiting.close()
        self._running.append(_Running(job, process, reader, turn, work, attempt, job.result()))
        self._give_turns()

    def _wait(self) -> Iterator[Judged]:
        ready = set(wait([running.connection for running in self._running], timeout=TICK))
        now = time.monotonic()
        for running in list(self._running):
            if running.connection in ready and not self._listen(running):
                yield from self._end(running)
            elif now - running.started > running.job.time_limit + GRACE and not running.overdue:
                running.overdue = True
                running.process.kill()

    def _listen(self, running: _Running) -> bool:
        """Take one message; False when there will be no more."""
        try:
            data = running.connection.recv_bytes(MAX_MESSAGE)
        except (EOFError, OSError):
            return False
        try:
            _take(running, json.loads(data))
        except (ValueError, TypeError, KeyError, RecursionError):
            running.result.notes.append("The judge sent something that makes no sense.")
        return True

    def _end(self, running: _Running) -> Iterator[Judged]:
        self._running.remove(running)
        self._give_turns()
        running.connection.close()
        running.turn.close()
        running.process.join(timeout=GRACE)
        if running.process.is_alive():
            running.process.kill()
            running.process.join()
        code = running.process.exitcode
        running.process.close()
        remove_folder(running.work)
        result = running.result
        result.seconds = max(0.0, time.monotonic() - running.started)
        if result.report is not None:
            result.report.verdicts = [running.verdicts.get(each.check, each) for each in result.report.verdicts]
            result.report.seconds = sum(each.seconds for each in result.report.verdicts)
        if not running.done:
            if running.attempt < ATTEMPTS and not running.overdue:
                self._start(running.job, running.attempt + 1)
                return
            _explain_end(running, code)
        yield Judged(result, running.executed)


def _take(running: _Running, message: dict[str, Any]) -> None:
    result = running.result
    if "rejected" in message:
        result.outcome, result.sentence, running.done = Outcome.REJECTED, str(message["rejected"]), True
    elif "report" in message:
        result.lab, result.release = str(message["lab"]), str(message["release"])
        result.report = Report.from_dict(message["report"])
    elif "verdict" in message:
        verdict = Verdict.from_dict(message["verdict"])
        running.verdicts[verdict.check] = verdict
    elif "failed" in message:
        running.failed = str(message["failed"])
    elif "broke" in message:
        running.broke = str(message["broke"])
    elif "note" in message:
        result.notes.append(str(message["note"]))
    elif "done" in message:
        done = message["done"]
        result.notes = [str(note) for note in done["notes"]]
        result.answers, result.shipped = str(done["answers"]), bool(done["shipped"])
        result.hints = {str(name): int(taken) for name, taken in done["hints"].items()}
        result.died, result.timed_out = int(done["died"]), int(done["timed_out"])
        if result.report is not None:
            result.report.seed = str(done["seed"])
        running.executed, running.done = str(message["executed"]), True


def _explain_end(running: _Running, code: int | None) -> None:
    result = running.result
    if running.failed:  # by no fault of the learner's: no score is better than none of the points
        result.outcome, result.report = Outcome.FAILED, None
        result.sentence = f"{running.failed.rstrip('.')}. Run the same command again."
        return
    if running.overdue:
        result.timed_out += 1
        sentence = f"It was not judged within {running.job.time_limit:g} s: what was found by then counts."
    elif running.broke:
        sentence = f"Its judge broke, which is a bug of ours ({running.broke}): what was found by then counts."
    elif code is not None and code < 0:
        sentence = f"Its judge was ended by {signal.Signals(-code).name}: what was found by then counts."
    else:
        sentence = "Its judge ended before it was done: what was found by then counts."
    if result.report is not None:
        result.notes.append(sentence)
    elif running.overdue:
        result.outcome, result.sentence = Outcome.REJECTED, sentence
    else:
        result.outcome, result.sentence = Outcome.FAILED, f"{sentence} Run the same command again."


def _remove_leftovers() -> None:
    """Folders of a run that was killed: their names say whose they were."""
    for folder in Path(tempfile.gettempdir()).glob("labs-*-*-*"):
        _, kind, pid, _ = folder.name.split("-", 3)
        if kind in ("grade", "fork") and pid.isdigit() and not Path(f"/proc/{pid}").exists():
            remove_folder(folder)
