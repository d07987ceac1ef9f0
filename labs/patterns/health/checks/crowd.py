"""A crowd: many probes at once share a round of questions, and each gets the truth of now."""

from __future__ import annotations

import time
from concurrent.futures import Future

import pytest

from labs.judge import CheckFailed, Response, ServiceUnderTest, away, no_response_means

from .causes import why_not_live, why_status
from .reading import LIVE, READY
from .steps import HANG, LIMIT, become_ready, not_ready, probe

CROWD = 40  # probes at once
CROWDED = 6.0  # seconds for the truth to arrive at all of a crowd, each with its questions, on a busy machine
OVER_A_HANG = 25  # connections to Redis during a hang: where one was given up, the next question takes a new one


@pytest.mark.check(level="hard", after="test_ready_recovers")
def test_a_crowd_gets_the_truth(service, cache):
    """Forty probes at once all get the truth of now: ready, not ready, ready again."""
    become_ready(service)
    everybody(service, 200, "Database and Redis answer, and")
    with away(cache):
        everybody(service, 503, "Redis is down, and")
    everybody(service, 200, "Redis is back, and")


@pytest.mark.check(level="expert", after="test_a_hang_has_a_deadline")
def test_a_crowd_is_cheap_while_redis_hangs(service, cache):
    """Redis hangs and forty probes come at once: 503 for all within 2.5 s, `live` answers, ten connections at most."""
    become_ready(service)
    with away(cache, fault="hang"):
        known = time.monotonic() + 1.0  # what readiness says may be this old
        while True:
            before = cache.connections_made
            begun = time.monotonic()
            pending = [service.begin("GET", READY, deadline=HANG) for _ in range(CROWD)]
            live = probe(
                service,
                LIVE,
                why_silent=(
                    "Liveness got no answer while forty probes of readiness were waiting: "
                    "something blocks the event loop."
                ),
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
        f"{made} connections to Redis for {CROWD} probes: each of them asks by itself. Let those that come while a "
        "round of questions is under way wait for its answer."
    )
    slowest = max(response.seconds for response in responses)
    assert slowest <= LIMIT, (
        "In a crowd some probes wait longer than one alone: they queue for a connection or for a lock, each with a "
        "deadline of its own that begins late."
    )
    become_ready(
        service,
        "Redis answers again and readiness still says no: the round of the crowd was kept, or never ended.",
        patience=HANG,
    )


def everybody(service: ServiceUnderTest, status: int, when: str) -> None:
    """Send crowds of probes until all of one get this status. `when` begins the cause when they never do."""
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
                    f"{when} {len(wrong)} of {CROWD} probes at once were told otherwise: what a crowd shares is the "
                    "round of questions that is under way, not the answer of an earlier one, nor a refusal.",
                ),
                expected=f"{CROWD} times {status}",
                got=wrong[0],
            )
        time.sleep(0.02)


def settled(future: Future[Response]) -> Response:
    """The response to a request of a crowd."""
    with no_response_means(
        f"One of {CROWD} probes at once got no answer within {HANG:g} s: they wait for each other, or for connections."
    ):
        return future.result()
