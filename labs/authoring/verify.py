"""`labs verify`: prove that a lab's checks pass what is right, fail what is wrong, and say why."""

from __future__ import annotations

import contextlib
import functools
import math
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from labs.authoring import content, rules
from labs.authoring.answers import Answer, read_answers
from labs.authoring.assemble import assemble, starters
from labs.authoring.build import homeless, read_lesson, stale_files
from labs.authoring.checksfolder import CheckInfo
from labs.authoring.pool import Job, run_jobs
from labs.authoring.problems import Problems
from labs.authoring.worker_messages import InspectChecks, RunChecks, ServedFrom, Service, ServiceRun
from labs.course.catalog import ROOT, Pattern
from labs.course.lesson import Lesson
from labs.errors import UserError
from labs.judge.verdict import Report

__all__ = ["verify"]

DEADLINE = 60.0  # seconds for one run of all checks; the slowest wrong answer blocks every request for 3 s
TIMED = 3  # runs over the reference, at least: the table shows their median
REFERENCE = "the reference"
SHARED = 4  # services judged one after another in the same process of their own
PROGRESS_EVERY = 5.0  # seconds

Rule = Callable[[Report], Iterator[tuple[str, str]]]


def verify(
    patterns: Sequence[Pattern],
    *,
    jobs: int,
    repeat: int = 1,
    root: Path = ROOT,
    out: Callable[[str], None] = print,
    deadline: float = DEADLINE,
    thorough: bool = False,
    only: str = "",
) -> bool:
    """Prove these labs and print the figures; True when there is nothing to complain about.

    The reference and each right answer have to pass every check, the reference in a process of its own, too. The
    untouched starter has to come out as not started. With the first exercises solved, their checks have to pass and no
    other may fail. Each wrong answer has to fail the check that it names and to be told the cause that it names.
    Incomplete content and stale notebooks are refused.

    A wrong answer is judged by the check that it names and by the checks on which this one builds. With `thorough` it
    is judged by every check, so that one which breaks over it is found, and right answers are judged in processes of
    their own, too. With `repeat`, every run is made so many times: a check must not be right only most of the time.
    `only` names one answer, which alone is judged; UserError when no answer has this name.
    """
    started = time.perf_counter()
    problems = Problems(root, repeat)
    proofs = [_Proof(pattern, problems, root, only) for pattern in patterns]
    if only and not any(answer.path.stem == only for proof in proofs for answer in proof.answers):
        raise UserError(f"No answer that can be read is called {only}: name a file of answers/, without .py.")
    for sentence in (*homeless(patterns, root), *_shared_names(patterns)):
        problems.say(sentence)
    todo = [job for proof in proofs for job in proof.jobs(repeat, deadline, thorough)]
    todo.sort(key=_effort, reverse=True)  # else everybody waits for the longest at the end
    total = sum(map(_runs_in, todo))
    out(f"{total} runs over {len(proofs)} lab{'' if len(proofs) == 1 else 's'}, {jobs} at once")
    try:
        run_jobs(todo, jobs, _Progress(total, problems, out).step)
    except KeyboardInterrupt:  # what was found by then took its time
        for line in problems.lines():
            out(line)
        raise
    out("")
    for line in _table([proof.figures() for proof in proofs]):
        out(line)
    for proof in proofs:
        if proof.answers and not only and (names := content.unproven(proof.checks, proof.answers)):
            out(f"\n{proof.pattern.name}: no wrong answer fails {', '.join(names)}.")
    out(f"\n{total} runs in {time.perf_counter() - started:.1f} s")
    for line in problems.lines():
        out(line)
    return not problems.count()


class _Progress:
    """A line every few seconds, so that nobody wonders whether it still works."""

    def __init__(self, total: int, problems: Problems, out: Callable[[str], None]) -> None:
        self._total, self._problems, self._out = total, problems, out
        self._done = 0
        self._started = self._said = time.monotonic()

    def step(self, job: Job) -> None:
        job.done(job)
        self._done += _runs_in(job)
        for sentence in self._problems.news():  # the last run may be an hour away
            self._out(f"! {sentence}")
        now = time.monotonic()
        if now - self._said >= PROGRESS_EVERY:
            self._said = now
            count = self._problems.count()
            found = f", {count} problem{'' if count == 1 else 's'} so far" if count else ""
            self._out(f"{self._done:>5} of {self._total} after {now - self._started:.0f} s: {job.label}{found}")


@dataclass(frozen=True, slots=True)
class _Run:
    """One service to judge, and the rule for what has to come out."""

    path: Path  # the file to complain about
    label: str
    served_from: ServedFrom
    source: str
    rule: Rule
    times: int = 1
    check: str = ""  # judge by this check and those that it builds on; empty: by all


@dataclass
class _Proof:
    """One lab: its runs, and what they came to."""

    pattern: Pattern
    problems: Problems
    root: Path
    only: str = ""
    lesson: Lesson | None = None
    answers: list[Answer] = field(default_factory=list)
    checks: list[CheckInfo] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        folder = self.pattern.folder
        for sentence in stale_files(self.pattern, self.root):
            self.problems.say(sentence, lab=self.pattern.name)
        for name in content.stray_files(folder):
            self.at(
                folder / name,
                "is read by nothing: a lab is lesson.md, checks/*.py and answers/right|wrong/*.py",
            )
        try:
            self.lesson = read_lesson(self.pattern)
        except UserError:
            return  # stale_files says it
        for sentence in content.lesson_problems(self.lesson):
            self.at(folder / "lesson.md", sentence)
        self.answers, broken = read_answers(folder, self.lesson)
        for sentence in broken:
            self.problems.say(sentence, lab=self.pattern.name)

    def at(self, path: Path, sentence: str, *, key: str = "", run: bool = False) -> None:
        self.problems.at(path, sentence, key=key, lab=self.pattern.name, run=run)

    def jobs(self, repeat: int, deadline: float, thorough: bool) -> Iterator[Job]:
        """Every run that proves something."""
        if self.lesson is None:
            return
        name, folder, lesson = self.pattern.name, str(self.pattern.folder), self.lesson
        yield Job(f"{name} checks", InspectChecks(folder, lesson, deadline), self._inspected)
        try:
            runs = list(self._runs(lesson, thorough, math.ceil(TIMED / repeat))) * repeat
        except UserError as error:
            self.at(self.pattern.folder / "lesson.md", str(error))
            return
        if self.only:
            runs = [run for run in runs if run.path.stem == self.only]
        apart = [run for run in runs if run.served_from is ServedFrom.PROCESS]
        # A runner gets a fresh copy of the worker; a process of its own is shared, because it starts slowly.
        groups = [[run] for run in runs if run.served_from is ServedFrom.RUNNER]
        groups += [apart[start : start + SHARED] for start in range(0, len(apart), SHARED)]
        for group in groups:
            first = group[0]
            services = tuple(Service(run.source, run.check) for run in group)
            order = RunChecks(folder, lesson, services, first.served_from, first.times, deadline * first.times)
            yield Job(f"{name} {first.label}", order, functools.partial(self._ran, group))

    def _runs(self, lesson: Lesson, thorough: bool, timed: int) -> Iterator[_Run]:
        source = self.pattern.folder / "lesson.md"
        names = [exercise.name for exercise in lesson.exercises]
        for host in ServedFrom:
            times = timed if host is ServedFrom.RUNNER else 1
            yield _Run(source, REFERENCE, host, assemble(lesson), rules.must_pass, times)
            untouched = functools.partial(rules.must_not_start, first=names[0] if names else "")
            yield _Run(source, "the untouched starter", host, assemble(lesson, starters(lesson)), untouched)
            # Whatever is different in a process of its own shows on the reference. Each start of one takes 0.1 s.
            for answer in self.answers if host is ServedFrom.RUNNER or thorough else ():
                if answer.right:
                    yield _Run(answer.path, answer.name, host, assemble(lesson, answer.cells), rules.must_pass)
        for count in range(1, len(names)):
            label = f"the starter with {', '.join(names[:count])} solved"
            so_far = functools.partial(rules.must_pass_so_far, solved=names[:count])
            yield _Run(source, label, ServedFrom.RUNNER, assemble(lesson, starters(lesson, after=count)), so_far)
        for answer in self.answers:
            if not answer.right:
                fails = functools.partial(rules.must_fail, check=answer.check, cause=answer.cause)
                # All of the checks take three times as long, and say nothing more about this mistake.
                check = "" if thorough else answer.check
                source_of_it = assemble(lesson, answer.cells)
                yield _Run(answer.path, answer.name, ServedFrom.RUNNER, source_of_it, fails, check=check)

    def _inspected(self, job: Job) -> None:
        folder, lesson, found = self.pattern.folder, self.lesson, job.result.inspection
        assert lesson is not None
        if found is None:
            self.at(self.pattern.checks_folder, f"can't be read: {_lost(job)}")
            return
        for problem in found.problems:
            self.at(folder / problem.file, problem.sentence)
        if not found.checks:
            return
        self.checks = list(found.checks)
        sources = {file.stem: file.read_text("utf-8", "replace") for file in self.pattern.checks_folder.glob("*.py")}
        for name, sentence in content.check_problems(lesson, self.checks, sources):
            self.at(folder / name, sentence)
        for path, sentence in content.answer_problems(lesson, self.checks, self.answers):
            self.at(path or self.pattern.folder / "answers", sentence)

    def _ran(self, group: list[_Run], job: Job) -> None:
        results = job.result.runs
        for run, result in zip(group, results, strict=False):
            for key, sentence in self._complaints(run, result).items():
                self._complain(run, key, sentence)
        if len(results) < len(group):  # those behind it are judged when it is mended
            self._complain(group[len(results)], "lost", _lost(job))

    def _complaints(self, run: _Run, result: ServiceRun) -> dict[str, str]:
        found = {"import": result.problem} if result.problem else {}
        for report in result.reports:
            found |= self._found(run, report)
        return found

    def _found(self, run: _Run, report: Report) -> dict[str, str]:
        if not report.verdicts:  # the checks can't be read, which is said once
            return {}
        if run.label == REFERENCE and run.served_from is ServedFrom.RUNNER:
            self.seconds.append(report.seconds)
        if report.problem:
            return {"problem": f"nothing can be judged: {report.problem}"}
        return {key: f"{sentence} (seed {report.seed})" for key, sentence in run.rule(report)}

    def _complain(self, run: _Run, key: str, sentence: str) -> None:
        where = [run.label] if run.path.name == "lesson.md" else []
        where += ["served from a process of its own"] if run.served_from is ServedFrom.PROCESS else []
        said = f"{', '.join(where)}: {sentence}" if where else sentence
        self.at(run.path, said, key=f"{run.served_from} {run.label} {key}", run=True)

    def figures(self) -> tuple[str, ...]:
        """One row of the table."""
        count = self.problems.count(self.pattern.name)
        fine = f"{self.only} holds" if self.only else "proven"
        verdict = f"{count} problem{'' if count == 1 else 's'}" if count else fine
        if self.lesson is None:
            return (self.pattern.name, "", "", "", "", "", "lesson.md can't be read")
        right = sum(answer.right for answer in self.answers)
        seconds = f"{statistics.median(self.seconds):.2f}" if self.seconds else ""
        exercises, checks = len(self.lesson.exercises), len(self.checks)
        return (
            self.pattern.name,
            *map(str, (exercises, checks, right, len(self.answers) - right)),
            seconds,
            verdict,
        )


def _effort(job: Job) -> int:
    """How long a job takes, compared with others: most by all checks, in a process that is started for each."""
    order = job.order
    if isinstance(order, InspectChecks):
        return 0
    runs = sum(1 if service.only else 8 for service in order.services)
    return runs * order.times * (2 if order.served_from is ServedFrom.PROCESS else 1)


def _runs_in(job: Job) -> int:
    return len(job.order.services) if isinstance(job.order, RunChecks) else 0


def _lost(job: Job) -> str:
    """Why a job has less of a result than it should."""
    if job.result.broke:
        return f"judging it broke, which is a bug of ours:\n{job.result.broke}"
    if job.result.late:
        return f"it was not judged within {job.order.deadline:g} s and was killed"
    return f"it ended the process that judges it ({job.result.ended})"


def _shared_names(patterns: Sequence[Pattern]) -> Iterator[str]:
    """A sentence for each title or number that one of these labs shares with another lab of the course."""
    folders = sorted({file.parent for pattern in patterns for file in pattern.folder.parent.glob("*/lesson.md")})
    lessons: list[Lesson] = []
    for folder in folders:
        with contextlib.suppress(UserError):  # said of those that are verified
            lessons.append(Pattern(folder).lesson)
    asked = {pattern.name for pattern in patterns}
    for what in ("title", "order"):
        for value, count in Counter(getattr(lesson, what) for lesson in lessons).items():
            same = [lesson.name for lesson in lessons if getattr(lesson, what) == value]
            if count > 1 and asked.intersection(same):
                names = " and ".join(same)
                yield f"{names} have the same `{what}:` in lesson.md, {value!r}: give one of them another."


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    head = ("lab", "exercises", "checks", "right", "wrong", "seconds", "verdict")
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    return [
        "  ".join(
            text.ljust(width) if column in (0, len(head) - 1) else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, *rows)
    ]
