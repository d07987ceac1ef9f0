"""What grading one submission came to, as plain data: the judge makes it, reports and a resumed batch read it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self  # Any: JSON

from labs.grading.isolation.sandbox import Tier
from labs.judge.verdict import Report

__all__ = ["Outcome", "Result"]


class Outcome(StrEnum):
    """How the grading of one submission ended. Only FAILED is the grader's own fault."""

    JUDGED = "judged"  # every check has a verdict, however the notebook behaved
    REJECTED = "rejected"  # nothing to judge: unreadable, not a notebook, of no lab; `sentence` says why
    FAILED = "failed"  # the grader could not do its work; the same command tries again


@dataclass(slots=True)
class Result:
    """One submission's score and the reasons for it."""

    submission: str  # unique in its batch and safe as a folder's name: "ada", "ada-caching"
    learner: str  # as handed in: may hold anything, so escape it wherever it is shown
    source: str  # where it was read: a path, or "archive.zip!member.ipynb"
    outcome: Outcome = Outcome.JUDGED
    sentence: str = ""  # why it was rejected or failed
    modified: float = 0.0  # when the file was last changed, seconds since 1970; 0 when it is not known
    attempt: int = 0  # as the learning platform counts; 0 where it does not
    late: bool = False  # as the learning platform says
    lab: str = ""  # the pattern's name; empty when it is not known
    report: Report | None = None  # the verdicts; None unless judged
    notes: list[str] = field(default_factory=list)  # sentences for the learner: missing cells, another release
    isolation: Tier | None = None  # the tier that was in force; None where no machine had taken the submission
    content: str = ""  # SHA-256 of the notebook's bytes
    release: str = ""  # digest of what it was judged by: the lab's files and the judge's version
    answers: str = ""  # SHA-256 of the exercises' code, comments and layout left out; equal ones are identical answers
    shipped: bool = False  # the answers are the release's own, untouched or its solution: no wonder they are identical
    died: int = 0  # how often the notebook's process ended by itself
    timed_out: int = 0  # how many cells and checks ran into their deadline
    seconds: float = 0.0  # wall time of execution and judging
    superseded: str = ""  # the submission of the same learner for the same lab that was handed in later and counts
    hints: dict[str, int] = field(default_factory=dict)  # exercise -> hints that the notebook shows as taken

    @property
    def score(self) -> int:
        """Points earned; 0 unless judged."""
        return self.report.score if self.report else 0

    @property
    def points(self) -> int:
        """Points to be had; 0 when the lab is not known."""
        return self.report.points if self.report else 0

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; an isolation that is not known is empty text."""
        return {**asdict(self), "isolation": self.isolation or ""}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The result that `to_dict` was called on. Raises KeyError, TypeError or ValueError for any other data."""
        report = data["report"]
        return cls(
            **{
                **data,
                "outcome": Outcome(data["outcome"]),
                "isolation": Tier(data["isolation"]) if data["isolation"] else None,
                "hints": dict(data["hints"]),
                "report": Report.from_dict(report) if report is not None else None,
            }
        )
