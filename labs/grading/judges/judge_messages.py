"""What a pool and a judge say to each other. The judge sends at once what it knows, in case it is ended.

Each message is one packet, written as `labs.service.messages` does it. First comes Rejected or Begun; then Checked and
Noted as often as there is something to say; in the end Done, or NotStarted, or Broke.
"""

from __future__ import annotations

from dataclasses import dataclass

from labs.judge.verdict import Report, Verdict

__all__ = [
    "FROM_JUDGE",
    "MAX_PACKET",
    "Begun",
    "Broke",
    "Checked",
    "Done",
    "FromJudge",
    "NotStarted",
    "Noted",
    "Rejected",
    "Turn",
]

MAX_PACKET = 64 * 1024 * 1024  # bytes of one message from a judge, executed notebook included


# From the pool


@dataclass(frozen=True, slots=True)
class Turn:
    """The cells may be run now. A judge whose kernel is ready waits for this."""

    processor: int | None  # for the learner's service; None: wherever it likes


# From the judge


@dataclass(frozen=True, slots=True)
class Rejected:
    """There is nothing to judge. Nothing comes after this."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Begun:
    """The submission can be judged by this lab."""

    lab: str
    release: str
    report: Report  # the lab's checks, none of them run


@dataclass(frozen=True, slots=True)
class Checked:
    """A check has ended."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Noted:
    """Something that the learner is told beside the verdicts."""

    sentence: str


@dataclass(frozen=True, slots=True)
class NotStarted:
    """The notebook could not be started, by no fault of the learner's."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Broke:
    """The judge itself went wrong, which is a bug of ours."""

    error: str


@dataclass(frozen=True, slots=True)
class Done:
    """All was judged. The fields are those of `Result`; `notes` are all of them, those that were sent before, too."""

    notes: tuple[str, ...]
    answers: str
    shipped: bool
    hints: dict[str, int]
    died: int
    timed_out: int
    seed: str  # of the checks' random facts; empty when no check was run
    executed: str  # the executed notebook


FromJudge = Rejected | Begun | Checked | Noted | NotStarted | Broke | Done
FROM_JUDGE: tuple[type[FromJudge], ...] = (Rejected, Begun, Checked, Noted, NotStarted, Broke, Done)
