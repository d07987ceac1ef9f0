"""What a kernel host (the judge's end) and a kernel child (the notebook's end) say to each other.

They are sent as `labs.service.messages` does it. A learner's code can send anything in the kernel's name, so every
bound is checked where a message is decoded; the child keeps to the same bounds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from labs.service.host import Incident

__all__ = [
    "FROM_KERNEL",
    "MAX_DETAIL",
    "MAX_FUNCTION",
    "MAX_INCIDENTS",
    "MAX_LINE",
    "MAX_SENTENCE",
    "TO_KERNEL",
    "FromKernel",
    "Hello",
    "Logged",
    "Serving",
    "Start",
    "StartFailure",
    "Stop",
    "Stopped",
    "ToKernel",
    "Unwritten",
]

MAX_LINE = 8 * 1024 * 1024  # bytes of one message: a longer one ends the connection
MAX_FUNCTION = 200  # characters of a function's name
MAX_SENTENCE = 2000  # characters that say why a service did not start
MAX_INCIDENTS = 20  # of one run of the service
MAX_DETAIL = 500  # characters of one incident

_URL = re.compile(r"http://127\.0\.0\.1:([0-9]{1,5})")


def _bounded(text: str, most: int) -> None:
    if len(text) > most:
        raise ValueError(f"a text of {len(text)} characters, and {most} are allowed")


# From the judge


@dataclass(frozen=True, slots=True)
class Start:
    """Serve the notebook's `create_app` in this environment; a value of None takes the variable out."""

    env: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop the service that runs."""


# From the kernel


@dataclass(frozen=True, slots=True)
class Hello:
    """The first message on a connection. The token shows that the judge has asked for it."""

    token: str


@dataclass(frozen=True, slots=True)
class Logged:
    """One or more lines of the service's log, without the last line's end."""

    text: str


@dataclass(frozen=True, slots=True)
class Serving:
    """The service listens. Answers Start."""

    url: str

    def __post_init__(self) -> None:
        found = _URL.fullmatch(self.url)
        if not found or int(found[1]) >= 2**16:
            raise ValueError("a service listens on a port of 127.0.0.1")


@dataclass(frozen=True, slots=True)
class Unwritten:
    """The service did not start, because a function of it still raises NotImplementedError. Answers Start."""

    function: str

    def __post_init__(self) -> None:
        _bounded(self.function, MAX_FUNCTION)


@dataclass(frozen=True, slots=True)
class StartFailure:
    """The service did not start. Answers Start."""

    sentence: str

    def __post_init__(self) -> None:
        _bounded(self.sentence, MAX_SENTENCE)


@dataclass(frozen=True, slots=True)
class Stopped:
    """The service has stopped, and its log is complete. Answers Stop."""

    incidents: tuple[Incident, ...]

    def __post_init__(self) -> None:
        if len(self.incidents) > MAX_INCIDENTS:
            raise ValueError(f"{len(self.incidents)} incidents, and {MAX_INCIDENTS} are allowed")
        for incident in self.incidents:
            _bounded(incident.detail, MAX_DETAIL)


ToKernel = Start | Stop
TO_KERNEL: tuple[type[ToKernel], ...] = (Start, Stop)
FromKernel = Logged | Serving | Unwritten | StartFailure | Stopped
FROM_KERNEL: tuple[type[FromKernel], ...] = (Logged, Serving, Unwritten, StartFailure, Stopped)
