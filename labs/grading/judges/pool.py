"""Keeps judges at work: a process for each submission, several at once, each with its time limit.

While so many are at work, the next one gets ready, up to a kernel that waits for the first cell: its turn then begins
without delay.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from labs.grading.isolation import sandbox
from labs.grading.job import Job
from labs.grading.judges.judge_messages import (
    FROM_JUDGE,
    MAX_PACKET,
    Begun,
    Broke,
    Checked,
    Done,
    FromJudge,
    Noted,
    NotStarted,
    Rejected,
    Turn,
)
from labs.grading.judges.start import forking_context
from labs.grading.kernels.start import shared_forkserver
from labs.grading.result import Outcome, Result
from labs.grading.submissions.plainfile import remove_folder
from labs.judge.verdict import Verdict
from labs.service.messages import decode, encode

__all__ = ["Graded", "Pool"]

GRACE = 30.0  # seconds beyond a submission's own limit until its judge is ended
TICK = 0.25  # seconds between two looks at the time limits
AHEAD = 1  # judges that get ready before it is their turn
ATTEMPTS = 2  # for a judge that ends before it has said anything

_PREFIX = "labs-grade-"


def _run_judge(job: Job, forkserver: str, work: str, connection: Connection, turn: Connection) -> None:
    """The whole life of a judge's process."""
    from labs.grading.judges.judge import run_judge  # there it is imported already, and here nobody waits for it

    def wait_for_turn() -> int | None:
        try:
            return decode(turn.recv_bytes(), Turn).processor
        except EOFError:  # the batch was stopped
            sys.exit()

    try:
        run_judge(job, forkserver, work, connection, wait_for_turn)
    except BrokenPipeError:  # the batch was stopped
        return
    except Exception as error:
        connection.send_bytes(encode(Broke(f"{type(error).__name__}: {error}"[:500])))
        raise


@dataclass(frozen=True, slots=True)
class Graded:
    """What came of one job."""

    result: Result
    executed: str = ""  # the executed notebook; empty when there is none


@dataclass(slots=True)
class _Running:
    job: Job
    process: ForkServerProcess
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
    """Grades jobs, each in a judge forked from a warm process. Close it, and nothing is left running or on disk."""

    def __init__(self, jobs: int, processors: Sequence[int] = ()) -> None:
        """`jobs` run at once; `processors` are shared out among their services, which otherwise run where they like."""
        self.jobs = jobs
        self.processors = processors
        self._context = forking_context()
        _remove_leftovers()
        self._folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
        self._folder.chmod(0o711)
        self._running: list[_Running] = []
        self._count = 0

    def grade(self, jobs: Iterable[Job]) -> Iterator[Graded]:
        """Grade all of them, yielding each as it is done. Takes a job only when there is room for it to get ready."""
        waiting = iter(jobs)
        exhausted = False
        done: list[Graded] = []
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
        """Let the judges begin that were started first, as many as may be at work at once."""
        for running in self._running[: self.jobs]:
            if running.started == float("inf"):
                running.started = time.monotonic()
                taken = [other.processor for other in self._running]
                running.processor = min(self.processors, key=taken.count, default=None)
                with contextlib.suppress(BrokenPipeError):  # it has ended, which is seen where it is listened to
                    running.turn.send_bytes(encode(Turn(running.processor)))
                running.turn.close()

    def _start(self, job: Job, attempt: int) -> None:
        self._count += 1
        work = self._folder / str(self._count)
        work.mkdir(mode=0o700)
        os.chown(work, sandbox.owner(), -1)
        reader, writer = self._context.Pipe(duplex=False)
        path = shared_forkserver().path if job.fork else ""
        waiting, turn = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_run_judge, args=(job, path, str(work), writer, waiting), daemon=True)
        process.start()
        writer.close()
        waiting.close()
        self._running.append(_Running(job, process, reader, turn, work, attempt, job.result()))
        self._give_turns()

    def _wait(self) -> Iterator[Graded]:
        """Take what has come from the judges, and end those that are overdue. Returns after a tick at the latest."""
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
            data = running.connection.recv_bytes(MAX_PACKET)
        except (EOFError, OSError):
            return False
        try:
            _take(running, decode(data, *FROM_JUDGE))
        except ValueError:
            running.result.notes.append("The judge sent something that makes no sense.")
        return True

    def _end(self, running: _Running) -> Iterator[Graded]:
        """Put a judge's process and folder away. A judge that said nothing is started anew, else its job is done."""
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
        yield Graded(result, running.executed)


def _take(running: _Running, message: FromJudge) -> None:
    result = running.result
    match message:
        case Rejected(sentence):
            result.outcome, result.sentence, running.done = Outcome.REJECTED, sentence, True
        case Begun(lab, release, report):
            result.lab, result.release, result.report = lab, release, report
        case Checked(verdict):
            running.verdicts[verdict.check] = verdict
        case Noted(sentence):
            result.notes.append(sentence)
        case NotStarted(sentence):
            running.failed = sentence
        case Broke(error):
            running.broke = error
        case Done():
            result.notes = list(message.notes)
            result.answers, result.shipped, result.hints = message.answers, message.shipped, message.hints
            result.died, result.timed_out = message.died, message.timed_out
            if result.report is not None:
                result.report.seed = message.seed
            running.executed, running.done = message.executed, True


def _explain_end(running: _Running, code: int | None) -> None:
    """Say why a judge ended before it was done; `code` is its process's exit code."""
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
    """Remove the folders of runs that were killed: the folders' names say whose they were."""
    for folder in Path(tempfile.gettempdir()).glob("labs-*-*-*"):
        _, kind, pid, _ = folder.name.split("-", 3)
        if kind in ("grade", "fork") and pid.isdigit() and not Path(f"/proc/{pid}").exists():
            remove_folder(folder)
