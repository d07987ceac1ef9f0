"""Adds up a batch: counts, the checks that fail most, the slowest. It stays small, however large the batch is."""

from __future__ import annotations

import hashlib
import heapq
import re
from collections import Counter
from dataclasses import dataclass, field

from labs.grading.reports.standing import standing
from labs.grading.reports.text import one_line
from labs.grading.result import Outcome, Result
from labs.judge.verdict import Report, Status, Verdict
from labs.views.sections import reason

__all__ = ["BINS", "CheckTally", "LabTally", "Row", "Tally"]

BINS = 11  # of a distribution: 0 to 9 %, …, 90 to 99 %, and 100 %
SLOWEST = 6
CAUSES = 60  # different ones kept for a check: learners' services could make up any number of them


@dataclass(slots=True)
class Row:
    """What the table shows of one submission: small enough to be written aside and read again."""

    submission: str
    learner: str
    lab: str
    status: str  # the Status whose look it gets
    label: str
    score: int
    points: int
    passed: int
    checks: int
    seconds: float
    died: int
    timed_out: int
    isolation: str
    sentence: str
    source: str
    outcome: str
    replaced: bool
    answers: str  # what identical answers have in common; empty when they are not compared

    @classmethod
    def of(cls, result: Result) -> Row:
        """The row of a result."""
        status, label = standing(result)
        report = result.report if result.outcome is Outcome.JUDGED else None
        sentence = (report.problem if report else result.sentence) or ""
        return cls(
            submission=result.submission,
            learner=one_line(result.learner) or one_line(result.submission),
            lab=one_line(result.lab),
            status=status.name.lower(),
            label=label,
            score=report.score if report else 0,
            points=report.points if report else 0,
            passed=report.count(Status.PASSED) if report else 0,
            checks=len(report.verdicts) if report else 0,
            seconds=result.seconds,
            died=result.died,
            timed_out=result.timed_out,
            isolation=one_line(result.isolation or ""),
            sentence=one_line(sentence, 300),
            source=one_line(result.source, 120),
            outcome=str(result.outcome) if report or result.outcome is not Outcome.JUDGED else str(Outcome.FAILED),
            replaced=bool(result.superseded),
            answers=_comparable(result, report),
        )


def _comparable(result: Result, report: Report | None) -> str:
    """A short digest of lab and answers; empty for what is the release's own and where nothing was started."""
    untouched = report is None or not report.count(Status.PASSED, Status.FAILED, Status.BROKEN)
    if untouched or result.shipped or result.superseded or not result.answers:
        return ""
    return hashlib.sha256(f"{result.lab}\0{result.answers}".encode("utf-8", "replace")).hexdigest()[:16]


@dataclass(slots=True)
class LabTally:
    """One lab: how its judged submissions are spread."""

    title: str
    judged: int = 0
    perfect: int = 0
    bins: list[int] = field(default_factory=lambda: [0] * BINS)
    permille: Counter[int] = field(default_factory=Counter)

    def add(self, score: int, points: int) -> None:
        """Count one score."""
        if points <= 0:
            return
        self.judged += 1
        self.perfect += score >= points
        self.bins[min(BINS - 1, max(0, 10 * score // points))] += 1
        self.permille[round(1000 * score / points)] += 1

    @property
    def median(self) -> float:
        """Per cent of the points; 0 without scores."""
        places = ((self.judged - 1) // 2, self.judged // 2)
        return sum(self._at(place) for place in places) / 20

    def _at(self, place: int) -> int:
        for value, number in sorted(self.permille.items()):
            place -= number
            if place < 0:
                return value
        return 0


@dataclass(slots=True)
class CheckTally:
    """One check: how often it failed, and why."""

    lab: str
    title: str
    exercise: str
    judged: int = 0
    failed: int = 0
    broken: int = 0
    not_started: int = 0
    causes: dict[str, tuple[int, str]] = field(default_factory=dict)  # what they share -> how often, the first one

    def add(self, verdict: Verdict) -> None:
        """Count one verdict."""
        self.judged += 1
        self.failed += verdict.status is Status.FAILED
        self.broken += verdict.status is Status.BROKEN
        self.not_started += verdict.status is Status.NOT_STARTED
        if verdict.status in (Status.FAILED, Status.BROKEN):
            cause = (verdict.cause or reason(verdict))[:600].partition(" The log says ")[0]
            cause = one_line(cause, 240) or "No cause is known."
            common = re.sub(r"`[^`]*`|\d+", "…", cause)[:160]
            if common in self.causes or len(self.causes) < CAUSES:
                number, first = self.causes.get(common, (0, cause))
                self.causes[common] = number + 1, first

    def top(self, number: int) -> list[tuple[int, str]]:
        """The most frequent causes, with how often."""
        return heapq.nlargest(number, self.causes.values(), key=lambda pair: pair[0])


class Tally:
    """Adds up a batch, result by result."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.tiers: Counter[str] = Counter()
        self.everything = LabTally("")
        self.labs: dict[str, LabTally] = {}
        self.checks: dict[tuple[str, str], CheckTally] = {}
        self.slowest: list[tuple[float, int, Row]] = []
        self.crashed = self.late = self.replaced = 0
        self.seconds = 0.0
        # A few numbers for each submission: this is all that grows with a batch.
        self._first: dict[int, int] = {}  # answers -> the first learner who had them
        self._own: dict[int, int] = {}  # answers that only one learner has -> how many submissions
        self._shared: Counter[int] = Counter()  # answers that several learners have -> how many submissions

    @property
    def total(self) -> int:
        """How many submissions there are."""
        return self.outcomes.total()

    def title(self, lab: str) -> str:
        """A lab's title; its name when nothing of it was judged."""
        return self.labs[lab].title if lab in self.labs else lab

    def add(self, result: Result, row: Row) -> None:
        """Count one result, whose row is made already."""
        self.outcomes[row.outcome] += 1
        self.crashed += row.died > 0
        self.late += row.timed_out > 0
        self.seconds += row.seconds
        heapq.heappush(self.slowest, (row.seconds, -self.total, row))
        if len(self.slowest) > SLOWEST:
            heapq.heappop(self.slowest)
        self.replaced += row.replaced
        if row.outcome == Outcome.JUDGED and result.report is not None and not row.replaced:
            self.tiers[row.isolation] += 1
            lab = self.labs.setdefault(row.lab, LabTally(one_line(result.report.title) or row.lab))
            for tally in (lab, self.everything):
                tally.add(row.score, row.points)
            for verdict in result.report.verdicts:
                self._check(row.lab, lab.title, verdict)
        if row.answers:
            self._compare(int(row.answers, 16), hash(row.learner.casefold()))

    def _compare(self, answers: int, learner: int) -> None:
        first = self._first.setdefault(answers, learner)
        if answers in self._shared:
            self._shared[answers] += 1
            return
        self._own[answers] = self._own.get(answers, 0) + 1
        if learner != first:
            self._shared[answers] = self._own.pop(answers)

    def _check(self, lab: str, title: str, verdict: Verdict) -> None:
        key = (lab, verdict.check)
        if key not in self.checks:
            self.checks[key] = CheckTally(title, one_line(verdict.title), one_line(verdict.exercise))
        self.checks[key].add(verdict)

    def identical(self, row: Row) -> bool:
        """Whether another learner handed in the same answers."""
        return bool(row.answers) and int(row.answers, 16) in self._shared

    @property
    def shared(self) -> int:
        """How many submissions hold the same answers as another learner's."""
        return self._shared.total()

    def failing(self) -> list[CheckTally]:
        """The checks that failed, the most frequent first."""
        return sorted((check for check in self.checks.values() if check.failed), key=lambda check: -check.failed)

    def broken(self) -> list[CheckTally]:
        """The checks that went wrong themselves."""
        return sorted((check for check in self.checks.values() if check.broken), key=lambda check: -check.broken)
