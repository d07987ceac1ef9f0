"""Checks of exercise 5, “A crowd”."""

from __future__ import annotations

import time
from typing import Any

import pytest

from labs.judge import CheckFailed, Response

from .causes import why_not_live, why_status
from .reading import LIVE, READY
from .steps import HANG, LIMIT, become_ready, fault, has_status, not_ready, probe, until

CROWDED = 6.0  # the same for forty probes at once, each with its questions, on a busy machine

CROWD = 40

OVER_A_HANG = 25  # the same over a whole hang: where one was given up, the next question takes a new one


@pytest.mark.check(level="hard", after="test_ready_recovers")
def test_a_crowd_gets_the_truth(service, cache):
    """Forty probes at once all get the truth of now: ready, not ready, ready again."""
    become_ready(service)
    everybody(service, 200, "Database and Redis answer, and")
    with fault(cache.down, ends=[cache]):
        everybody(service, 503, "Redis is down, and")
    everybody(service, 200, "Redis is back, and")


@pytest.mark.check(level="expert", after="test_a_hang_has_a_deadline")
def test_a_crowd_is_cheap_while_redis_hangs(service, cache):
    """Redis hangs and forty probes come at once: 503 for all within 2.5 s, `live` answers, ten connections at most."""
    become_ready(service)
    with fault(cache.hang, ends=[cache]):
        known = time.monotonic() + 1.0  # what readiness says may be this old
        while True:
            before = cache.connections_made
            begun = time.monotonic()
            pending = [service.begin("GET", READY, deadline=HANG) for _ in range(CROWD)]
            live = probe(
                service,
                LIVE,
                why_silent="Liveness got no answer while forty probes of readiness were waiting: something blocks the event loop.",
            )
            responses = [settled(future) for future in pending]
            made = cache.connections_made - before
            if begun > known or all(response.status == 503 for response in responses):
                break
            not_ready(service, {"database": "ok", "cache": "failed"}, "Redis hangs")
    assert live.status == 200, why_not_live(live, "Liveness failed while forty probes of readiness were waiting.")
    assert sorted({response.status for response in responses}) == [503], (
        "Redis hangs, and not every probe of the crowd was told 503."
    )
    assert made <= OVER_A_HANG, (
        f"{made} connections to Redis for {CROWD} probes: each of them asks by itself. Let those that come while a round of questions "
        "is under way wait for its answer."
    )
    slowest = max(response.seconds for response in responses)
    assert slowest <= LIMIT, (
        "In a crowd some probes wait longer than one alone: they queue for a connection or for a lock, each with a deadline of its own that "
        "begins late."
    )
    until(
        service,
        READY,
        has_status(200),
        lambda response: why_status(
            response,
            "Redis answers again and readiness still says no: the round of the crowd was kept, or never ended.",
        ),
        patience=HANG,
    )


def settled(future: Any) -> Response:
    """The answer to a request of a crowd."""
    try:
        response: Response = future.result()
    except CheckFailed as error:
        raise CheckFailed(
            f"One of {CROWD} probes at once got no answer within {HANG:g} s: they wait for each other, or for connections.",
            expected=error.expected,
            got=error.got,
        ) from None
    return response


def everybody(service: Any, status: int, when: str) -> None:
    """Forty probes at once, until all of them get this status."""
    end = time.monotonic() + CROWDED
    while True:
        pending = [service.begin("GET", READY, deadline=HANG) for _ in range(CROWD)]
        responses = [settled(future) for future in pending]
        wrong = [response for response in responses if response.status != status]
        if not wrong:
            return
        if time.monotonic() > end or wrong[0].status not in (200, 503):
            raise CheckFailed(
                why_status(
                    wrong[0],
                    f"{when} {len(wrong)} of {CROWD} probes at once were told otherwise: what a crowd shares is the round of "
                    "questions that is under way, not the answer of an earlier one, nor a refusal.",
                ),
                expected=f"{CROWD} times {status}",
                got=wrong[0],
            )
        time.sleep(0.02)
