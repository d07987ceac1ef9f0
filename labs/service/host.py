"""What it takes to run a service under test, wherever its process is, and how that can go wrong."""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from labs.service.stream import LogStream

__all__ = [
    "STUCK",
    "Environment",
    "Host",
    "Incident",
    "IncidentKind",
    "StartFailed",
    "Unimplemented",
    "unfinished_function",
]

# A value of None takes the variable out of the service's environment.
Environment = Mapping[str, str | None]


class StartFailed(Exception):
    """The service did not come up. The text is one sentence for the learner."""


class Unimplemented(Exception):
    """The service still raises NotImplementedError; the text is the name of the function that does."""


class IncidentKind(StrEnum):
    """What happened to a service."""

    UNIMPLEMENTED = "unimplemented"  # a request, a task or the shutdown ended in NotImplementedError
    EXITED = "exited"  # the service ended its process, or tried to
    HUNG = "hung"  # the service did not stop in time


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that happened to the service and can't be seen on the wire."""

    kind: IncidentKind
    detail: str  # the unfinished function's name, or a sentence


STUCK = Incident(IncidentKind.HUNG, "The service did not stop: something blocks its event loop.")


class Host(Protocol):
    """Where a service runs: in this process, in a child process or in a learner's kernel."""

    stream: LogStream
    incidents: list[Incident]

    def start(self, env: Environment) -> str:
        """Build the app in this environment, run its lifespan, serve it.

        Returns the base URL. Raises Unimplemented or StartFailed.
        """

    def stop(self) -> None:
        """Let requests end, run the lifespan's shutdown, complete the log stream. Harmless when nothing runs."""


def unfinished_function(error: BaseException) -> str | None:
    """The name of the learner's function that raised NotImplementedError somewhere in `error`, or None."""
    for cause in _causes(error, set()):
        if type(cause) is NotImplementedError and cause.__traceback__ is not None:
            frame, _ = list(traceback.walk_tb(cause.__traceback__))[-1]
            if not frame.f_code.co_filename.startswith(_LIBRARIES):
                # "Crowd.read" for a method, "get_user" for a function inside create_app
                return frame.f_code.co_qualname.rpartition("<locals>.")[2]
    return None


_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})


def _causes(error: BaseException | None, seen: set[int]) -> Iterator[BaseException]:
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    yield error
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _causes(inner, seen)
    yield from _causes(error.__cause__, seen)
    yield from _causes(error.__context__, seen)
