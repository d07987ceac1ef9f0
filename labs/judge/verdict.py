"""What a check run found: verdicts and the evidence behind them, as plain data that survives JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from labs.course.lesson import Level

__all__ = ["Call", "Exchange", "Report", "Status", "Verdict"]


class Status(StrEnum):
    """How a check ended. Only FAILED says that the learner's service is wrong."""

    NOT_RUN = "not run"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    NOT_STARTED = "not started"  # the exercise still raises NotImplementedError
    WAITING = "waiting"  # a check that this one builds on has not passed
    BROKEN = "broken"  # the check itself went wrong: never the learner's fault

    @property
    def done(self) -> bool:
        """Whether this is a result, as opposed to a check that has yet to end."""
        return self not in (Status.NOT_RUN, Status.RUNNING)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One HTTP request that was sent and the response that came back, as text fit for a transcript."""

    request: str  # request line, headers and body, as on the wire
    response: str  # status line, headers and body; empty when nothing came back
    problem: str = ""  # one sentence when there was no usable response
    milliseconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Call:
    """One call that the service made to a backing service: an HTTP call downstream or a Redis command."""

    to: str  # "downstream" or "cache"
    request: str
    response: str


@dataclass(slots=True)
class Verdict:
    """The result of one check, with everything a learner needs to see why."""

    check: str  # the test function's name
    title: str  # what the check proves: the first line of its docstring
    exercise: str = ""  # the exercise it belongs to
    level: Level = Level.EASY
    points: int = 1
    status: Status = Status.NOT_RUN
    cause: str = ""  # the likely cause, one or two sentences of Markdown
    expected: str = ""
    got: str = ""
    read: str = ""  # the lesson's heading to go back to
    waits_for: str = ""  # title of the check that has to pass first
    unfinished: str = ""  # name of the function that still raises NotImplementedError
    exchanges: tuple[Exchange, ...] = ()
    records: tuple[str, ...] = ()  # log lines written while the check ran
    calls: tuple[Call, ...] = ()
    seconds: float = 0.0

    @property
    def score(self) -> int:
        """Points earned: all of them or none."""
        return self.points if self.status is Status.PASSED else 0

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """A verdict from what `dataclasses.asdict` made of one. Raises KeyError, TypeError or ValueError."""
        return cls(
            **{
                **data,
                "status": Status(data["status"]),
                "level": Level(data["level"]),
                "exchanges": tuple(Exchange(**exchange) for exchange in data["exchanges"]),
                "records": tuple(data["records"]),
                "calls": tuple(Call(**call) for call in data["calls"]),
            }
        )


@dataclass(slots=True)
class Report:
    """The verdicts of one run over one lab, in the order of the checks."""

    lab: str  # the pattern's name, such as "caching"
    title: str
    verdicts: list[Verdict] = field(default_factory=list)
    seed: str = ""  # draws the same fresh facts again: `labs check … --seed SEED`
    seconds: float = 0.0
    problem: str = ""  # one sentence when the run could not take place at all

    def count(self, *statuses: Status) -> int:
        """How many checks ended in one of these."""
        return sum(verdict.status in statuses for verdict in self.verdicts)

    @property
    def passed(self) -> bool:
        """Whether every check of the lab passed."""
        return bool(self.verdicts) and self.count(Status.PASSED) == len(self.verdicts)

    @property
    def score(self) -> int:
        """Points earned."""
        return sum(verdict.score for verdict in self.verdicts)

    @property
    def points(self) -> int:
        """Points that can be earned."""
        return sum(verdict.points for verdict in self.verdicts)

    def verdict(self, check: str) -> Verdict:
        """The verdict of one check by its function's name; KeyError for an unknown name."""
        for verdict in self.verdicts:
            if verdict.check == check:
                return verdict
        raise KeyError(check)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """A report from what `to_dict` made of one. Raises KeyError, TypeError or ValueError."""
        return cls(**{**data, "verdicts": [Verdict.from_dict(item) for item in data["verdicts"]]})
