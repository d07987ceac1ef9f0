"""What a process host and its process child say to each other, as `labs.service.messages` sends it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from labs.service.host import Incident

__all__ = [
    "FROM_CHILD",
    "TO_CHILD",
    "Ended",
    "FromChild",
    "Ready",
    "Serving",
    "Start",
    "StartFailure",
    "Stop",
    "Stopped",
    "ToChild",
    "Unwritten",
]

_URL = re.compile(r"http://127\.0\.0\.1:\d{1,5}")


# From the host


@dataclass(frozen=True, slots=True)
class Start:
    """Serve the app in this environment; a value of None takes the variable out."""

    env: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop the service that runs."""


# From the child


@dataclass(frozen=True, slots=True)
class Ready:
    """The child has imported what it needs and takes commands."""


@dataclass(frozen=True, slots=True)
class Serving:
    """The service listens. Answers Start."""

    url: str

    def __post_init__(self) -> None:
        if not _URL.fullmatch(self.url):
            raise ValueError("a service listens on a port of 127.0.0.1")


@dataclass(frozen=True, slots=True)
class Unwritten:
    """The service did not start, because a function of it still raises NotImplementedError. Answers Start."""

    function: str


@dataclass(frozen=True, slots=True)
class StartFailure:
    """The service did not start. Answers Start."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The service has stopped. Answers Stop."""

    incidents: tuple[Incident, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """The process of the service has ended and its log is complete. Comes after each Start, sooner or later."""

    code: int  # its exit code; a negative one is the number of the signal that killed it


ToChild = Start | Stop
TO_CHILD: tuple[type[ToChild], ...] = (Start, Stop)
FromChild = Ready | Serving | Unwritten | StartFailure | Stopped | Ended
FROM_CHILD: tuple[type[FromChild], ...] = (Ready, Serving, Unwritten, StartFailure, Stopped, Ended)
