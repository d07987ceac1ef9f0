"""Not any more: a service is ready neither before it has started nor once it drains, and answers all the same."""

from __future__ import annotations

import time

import pytest

from labs.judge import ServiceUnderTest, add_user

from .causes import why_in_service, why_not_live, why_status
from .reading import DRAIN, LIVE, READY, STARTUP
from .steps import become_started, probe


@pytest.mark.check(level="easy", after="test_startup_takes_its_time")
def test_not_ready_before_started(service, fresh):
    """`ready` is 503 as long as initialisation runs."""
    takes = fresh.number(40, 50) / 100
    begun = time.monotonic()
    service.start(STARTUP_SECONDS=f"{takes}")
    response = probe(service, READY)
    if time.monotonic() < begun + takes:
        assert response.status == 503, why_in_service(
            response,
            "Initialisation is still running and the load balancer is told to send "
            "requests: readiness has to ask whether the service has started.",
        )


@pytest.mark.check(level="easy", after="test_startup_is_done")
def test_drain_ends_readiness(service):
    """After `POST /health/drain` (202) `ready` says 503."""
    drained(service)
    for _ in range(3):
        response = probe(service, READY)
        assert response.status == 503, why_in_service(
            response,
            "The service was asked to drain and still says that it is ready: `drain` has to set what readiness looks "
            "at first, ahead of every answer that is kept.",
        )


@pytest.mark.check(level="medium", after="test_drain_ends_readiness")
def test_draining_service_goes_on(service, database, fresh):
    """A draining service is alive and answers whatever still arrives."""
    user = add_user(database, fresh)
    drained(service)
    live, startup = probe(service, LIVE), probe(service, STARTUP)
    assert live.status == 200, why_not_live(
        live,
        "A draining service is alive: it still has requests to answer. "
        "Liveness that fails now gets it killed in the middle of them.",
    )
    assert startup.status == 200, why_status(
        startup, "Draining does not undo that the service has started: `startup` stays 200."
    )
    response = probe(service, f"/users/{user['id']}")
    assert response.status == 200, why_status(
        response,
        "Requests still arrive for a second or two after `drain`, because the cluster learns late. "
        "They are answered as always.",
    )
    assert {name: response.json.get(name) for name in user} == user, "A draining service answers as always."
    again = probe(service, DRAIN, method="POST")
    assert again.status == 202, why_status(
        again, "Asked to drain a second time, it says 202 again: hooks are repeated."
    )


def drained(service: ServiceUnderTest) -> None:
    """Wait until the service has started, and ask it to drain."""
    become_started(service, "`startup` never said 200.")
    response = probe(service, DRAIN, method="POST")
    assert response.status == 202, why_status(
        response, "`POST /health/drain` is answered with 202: accepted, it takes effect from now on."
    )
