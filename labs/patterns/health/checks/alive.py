"""Alive: liveness is about the process, and asks nobody else."""

from __future__ import annotations

import pytest

from labs.judge import Response, ServiceUnderTest, away

from .causes import why_not_live
from .reading import LIVE
from .steps import probe


@pytest.mark.check(level="easy")
def test_live_answers(service):
    """`GET /health/live` answers 200."""
    response = probe(service, LIVE)
    assert response.status == 200, why_not_live(response, "The process answers, so it is alive: 200.")


@pytest.mark.check(level="medium", after="test_live_answers")
def test_live_asks_nobody(service, database, cache, downstream):
    """Liveness asks no dependency, and stays 200, within a second, while all of them are broken or hang."""
    asked = len(cache.commands) + len(downstream.calls)
    for _ in range(10):
        probe(service, LIVE)
    asked = len(cache.commands) + len(downstream.calls) - asked
    assert asked < 10, (  # readiness may have a task that asks by itself, now and then
        "Each probe of liveness asked a dependency. Whatever comes back, a restart would not help: don't ask, and "
        "there is nothing to catch or to wait for."
    )
    for fault in ("down", "hang"):
        with away(database, cache, downstream, fault=fault):
            response = prompt_live(
                service,
                "Liveness hangs with a dependency: it asks one, or the event loop is blocked by something that does. "
                "Kubernetes would restart every pod.",
            )
        broken = "are down" if fault == "down" else "hang"
        assert response.status == 200, why_not_live(
            response,
            f"Database, Redis and downstream {broken}, and liveness asks one of them: Kubernetes would restart every "
            "pod, and a restart cures none of them.",
        )
        assert response.seconds <= 1.0, (
            f"Liveness was slow while the dependencies {broken}: it asks one of them. "
            "The kubelet hangs up after a second."
        )


def prompt_live(service: ServiceUnderTest, why_silent: str) -> Response:
    """Liveness, asked up to three times while it is slow: a busy machine is late once, a question is late each time."""
    for _ in range(3):
        response = probe(service, LIVE, why_silent=why_silent)
        if response.status != 200 or response.seconds <= 1.0:
            break
    return response
