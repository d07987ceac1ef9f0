"""What `labs verify` and its worker processes say to each other, as `labs.service.messages` sends it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from labs.authoring.checksfolder import Inspection
from labs.course.lesson import Lesson
from labs.judge.verdict import Report

__all__ = [
    "FROM_WORKER",
    "TO_WORKER",
    "Broken",
    "Done",
    "FromWorker",
    "InspectChecks",
    "Late",
    "RunChecks",
    "ServedFrom",
    "Service",
    "ServiceRun",
    "ToWorker",
]


class ServedFrom(StrEnum):
    """The process that a service is served from: the worker's own copy, or one that is started for it."""

    RUNNER = "runner"
    PROCESS = "process"


# To a worker


@dataclass(frozen=True, slots=True)
class InspectChecks:
    """Look at a lab's checks without running them."""

    folder: str  # the lab's
    lesson: Lesson
    deadline: float  # seconds


@dataclass(frozen=True, slots=True)
class Service:
    """One service, and what it is judged by."""

    source: str
    only: str = ""  # this check and those that it builds on; empty: every check


@dataclass(frozen=True, slots=True)
class RunChecks:
    """Run a lab's checks on services, one after another."""

    folder: str  # the lab's
    lesson: Lesson
    services: tuple[Service, ...]
    served_from: ServedFrom
    times: int = 1  # runs on each service
    deadline: float = 60.0  # seconds for all runs on one service


# From a worker


@dataclass(frozen=True, slots=True)
class ServiceRun:
    """What came of one service, in the order in which they were sent."""

    reports: tuple[Report, ...] = ()  # one for each run
    problem: str = ""  # one sentence when it could not be imported


@dataclass(frozen=True, slots=True)
class Late:
    """A run took longer than its deadline; the copy of the worker that did it ends now."""


@dataclass(frozen=True, slots=True)
class Broken:
    """Our own code raised something."""

    traceback: str


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing more comes for this order."""

    code: int  # exit code of the copy of the worker that carried it out; negative: killed by a signal of that number


ToWorker = InspectChecks | RunChecks
TO_WORKER: tuple[type[ToWorker], ...] = (InspectChecks, RunChecks)
FromWorker = Inspection | ServiceRun | Late | Broken | Done
FROM_WORKER: tuple[type[FromWorker], ...] = (Inspection, ServiceRun, Late, Broken, Done)
