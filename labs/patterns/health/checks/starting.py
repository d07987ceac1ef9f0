"""Not yet: `startup` says when initialisation is done, which takes its time and may fail at first."""

from __future__ import annotations

import time

import pytest

from labs.judge import ServiceUnderTest, start

from .causes import why_not_live, why_started
from .reading import LIVE, STARTUP
from .steps import HANG, become_started, probe


@pytest.mark.check(level="easy", after="test_live_answers")
def test_startup_is_done(service):
    """`GET /health/startup` answers 200 once initialisation is done."""
    become_started(service, "Initialisation takes no time here and `startup` never said 200.")


@pytest.mark.check(level="medium", after="test_startup_is_done")
def test_startup_takes_its_time(service, fresh):
    """Until initialisation is done `startup` is 503, and the process is alive."""
    takes = fresh.number(15, 20) / 100
    begun = time.monotonic()
    service.start(STARTUP_SECONDS=f"{takes}")
    too_early = (
        "Initialisation was still running (`STARTUP_SECONDS`) and `startup` said 200: set the flag when `warm_up` has "
        "come back, not before."
    )
    for _ in range(3):
        live = probe(
            service,
            LIVE,
            why_silent="The process does not answer while it initialises: something blocks the event loop.",
        )
        assert live.status == 200, why_not_live(
            live,
            "A process that is still initialising is alive: restarting it now would only make it begin again. That is "
            "what `startup` tells.",
        )
        watch_startup(service, begun + takes, too_early, once=True)
    watch_startup(service, begun + takes, too_early)
    become_started(service, "Initialisation is long done and `startup` still does not say 200.")


@pytest.mark.check(level="hard", after="test_startup_takes_its_time")
def test_a_failed_start_is_tried_again(service):
    """An initialisation that fails is not a success, and is tried again until it succeeds."""
    takes, failures = 0.06, 2
    begun = time.monotonic()
    start(
        service,
        "The first attempt at initialisation failed and took the service with it. Catch the exception and try again: "
        "a process that dies here comes back into the same trouble.",
        STARTUP_SECONDS=f"{takes}",
        STARTUP_FAILURES=f"{failures}",
    )
    watch_startup(
        service,
        begun + takes * (failures + 1),
        f"`startup` said 200 although the first {failures} attempts fail: a failed attempt "
        "was taken for a success. A `finally`, or an `except` that goes on, sets the flag after a failure, too.",
    )
    become_started(
        service,
        f"The first {failures} attempts failed, the next one succeeds, and `startup` never said 200. Either the "
        "exception ended the task (asyncio tells nobody), or it was tried again only once.",
        patience=HANG,
    )


def watch_startup(service: ServiceUnderTest, end: float, why: str, *, once: bool = False) -> None:
    """Fail with `why` if `startup` is 200 before this moment; `once`: ask a single time."""
    while time.monotonic() < end:
        response = probe(
            service,
            STARTUP,
            why_silent=(
                "`startup` got no answer within 3 s while initialisation ran: something in it blocks the event loop "
                "(`time.sleep`, a synchronous client)."
            ),
        )
        if time.monotonic() >= end:
            return
        assert response.status == 503, why_started(response, why)
        if once:
            return
        time.sleep(0.01)
