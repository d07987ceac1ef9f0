"""What the checks of several exercises do, and how they look at what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from labs.judge import CheckFailed, Response

from .causes import why_late, why_named, why_ready, why_status
from .reading import READY, Why, named

PATIENCE = 2.5  # seconds for the truth to arrive: an answer may be a second old

HANG = 4.0  # the same when something hangs, and a round of questions may take 2.5 s

LIMIT = 2.5  # seconds for an answer of readiness


def probe(service: Any, path: str, *, method: str = "GET", why_silent: str = "") -> Response:
    """One request. The cause is `why_silent`, when given, if no answer comes."""
    try:
        return service.request(method, path)
    except CheckFailed as error:
        if not why_silent:
            raise
        raise CheckFailed(why_silent, expected=error.expected, got=error.got) from None


def start(service: Any, why: str = "", **environment: str) -> None:
    """Start the service with this environment; the cause when it does not start."""
    try:
        service.start(**environment)
    except CheckFailed as error:
        raise CheckFailed(
            f"{why} ({error.cause})" if why else error.cause, expected=error.expected, got=error.got
        ) from None


def until(
    service: Any,
    path: str,
    wanted: Callable[[Response], bool],
    why: Why,
    *,
    expected: str = "",
    silent: str = "",
    patience: float = PATIENCE,
) -> Response:
    """Probe until the answer is the wanted one; answers may be a second old. Fails with the cause of the last one."""
    end = time.monotonic() + patience
    while True:
        response = probe(service, path, why_silent=silent or silence(path))
        if wanted(response):
            return response
        if time.monotonic() > end or response.status not in (200, 503):
            raise CheckFailed(why(response), expected=expected or "200 OK", got=response)
        time.sleep(0.01)


def has_status(status: int) -> Callable[[Response], bool]:
    """Whether an answer has this status."""
    return lambda response: response.status == status


def become_ready(service: Any, why: str = "Everything is well and readiness does not say 200.") -> None:
    """Wait until the service is ready."""
    until(service, READY, has_status(200), lambda response: why_status(response, why))


def not_ready(service: Any, checks: dict[str, str] | None, what: str, *, first: Response | None = None) -> Response:
    """Wait until readiness says 503, within its time, with these checks. `first` is an answer that came already."""

    def wanted(response: Response) -> bool:
        return response.status == 503 and response.seconds <= LIMIT and (checks is None or named(response) == checks)

    def why(response: Response) -> str:
        if response.status == 200:
            return why_ready(response, what)
        if response.status != 503:
            return why_status(response, f"{what}: readiness says 503.")
        if response.seconds > LIMIT:
            return why_late(what)
        assert checks is not None
        return why_named(response, checks, what)

    if first is not None and wanted(first):
        return first
    expected = "503 within 2.5 s" + (f'\n{{"checks": {checks}}}'.replace("'", '"') if checks is not None else "")
    return until(
        service,
        READY,
        wanted,
        why,
        expected=expected,
        patience=HANG if what.endswith(("hang", "hangs")) else PATIENCE,
    )


@contextmanager
def fault(*begin: Callable[[], None], ends: Any) -> Iterator[None]:
    """Faults that end with the block, however it ends: a service with a stuck dependency is slow to stop."""
    try:
        for one in begin:
            one()
        yield
    finally:
        for backing in ends:
            backing.up()


def silence(path: str) -> str:
    """Why no answer came within the judge's own deadline."""
    if path == READY:
        return why_late("A dependency hangs")
    return f"`{path}` got no answer within 3 s: it waits for something, and there is nothing to wait for."
