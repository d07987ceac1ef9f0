"""Probes: one of them, or one after the other until the response is the wanted one."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from labs.judge import CheckFailed, Response, ServiceUnderTest, has_status, no_response_means

from .causes import why_late, why_named, why_ready, why_status
from .reading import READY, STARTUP, named

PATIENCE = 2.5  # seconds for the truth to arrive: an answer may be a second old
HANG = 4.0  # seconds for the truth to arrive when something hangs: a round of questions may take 2.5 s
LIMIT = 2.5  # seconds for a response of readiness


def probe(service: ServiceUnderTest, path: str, *, method: str = "GET", why_silent: str = "") -> Response:
    """Send one request. `why_silent`, when given, is the cause when no response comes."""
    with no_response_means(why_silent) if why_silent else contextlib.nullcontext():
        return service.request(method, path)


def probe_until(
    service: ServiceUnderTest,
    path: str,
    wanted: Callable[[Response], bool],
    why: Callable[[Response], str],
    *,
    expected: str = "200 OK",
    silent: str = "",
    patience: float = PATIENCE,
) -> Response:
    """Probe until a response is wanted, for `patience` seconds. Fails with what `why` says of the last response."""
    end = time.monotonic() + patience
    while True:
        response = probe(service, path, why_silent=silent or silence(path))
        if wanted(response):
            return response
        if time.monotonic() > end or response.status not in (200, 503):
            raise CheckFailed(why(response), expected=expected, got=response)
        time.sleep(0.01)


def become_started(service: ServiceUnderTest, why: str, *, patience: float = PATIENCE) -> None:
    """Wait until the service has started. `why` is the cause when it does not say so."""
    probe_until(service, STARTUP, has_status(200), lambda response: why_status(response, why), patience=patience)


def become_ready(
    service: ServiceUnderTest,
    why: str = "Everything is well and readiness does not say 200.",
    *,
    patience: float = PATIENCE,
) -> None:
    """Wait until the service is ready. `why` is the cause when it does not say so."""
    probe_until(service, READY, has_status(200), lambda response: why_status(response, why), patience=patience)


def not_ready(
    service: ServiceUnderTest, checks: dict[str, str] | None, what: str, *, first: Response | None = None
) -> Response:
    """Wait until readiness says 503, within its time, with these checks (None: with any), because of `what`.

    `first` is a response that has come already.
    """

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
    patience = HANG if what.endswith(("hang", "hangs")) else PATIENCE
    return probe_until(service, READY, wanted, why, expected=expected, patience=patience)


def silence(path: str) -> str:
    """Why no response came within the judge's own deadline."""
    if path == READY:
        return why_late("A dependency hangs")
    return f"`{path}` got no answer within 3 s: it waits for something, and there is nothing to wait for."
