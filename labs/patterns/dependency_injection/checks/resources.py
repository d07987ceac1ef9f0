"""Once per process: clients are made at the start, shared by requests, and closed at the end."""

from __future__ import annotations

import contextlib
from urllib.parse import unquote

import pytest

from labs.judge import (
    CheckFailed,
    Downstream,
    Fresh,
    Request,
    ScriptedReply,
    answered_in_time,
    away,
    has_status,
    start,
    until,
)

PATIENCE = 2.5  # seconds for what takes a moment
ROUNDS = 16  # requests one after the other
SHARED = 10  # connections that they may make


@pytest.mark.check(level="easy")
def test_resources_arrive(service, downstream, fresh):
    """The HTTP client, the database and Redis reach the routes that ask for them."""
    item, price = priced(downstream, fresh)
    response = service.get(f"/quotes/{item}")
    assert response.status == 200, why_no_quote(downstream)
    assert response.json.get("price") == price, "The price has to be the one that downstream gives for this item."
    response = service.get("/health/ready")
    assert response.status == 200, (
        "The database and Redis are there, and `ready` does not find them: see in `checks` which one, "
        "and compare its URL with `DATABASE_URL` or `REDIS_URL`."
    )


@pytest.mark.check(level="medium", after="test_resources_arrive")
def test_starts_alone(service, database, cache, downstream, fresh):
    """The service starts while its backing services are away, and uses them when they are back."""
    with away(database, cache, downstream):
        start(
            service,
            "The service did not start while its database, Redis and downstream were away: start connects to one of "
            "them. Make the client and let the first request connect.",
        )
        response = service.get("/about")
        assert response.status == 200, "`/about` needs nobody, so it is answered while everybody is away."
    item, _ = priced(downstream, fresh)
    response = service.get(f"/quotes/{item}")
    assert response.status == 200, "Downstream is back, and the service does not find it: nothing may need a restart."
    ready = until(lambda: service.get("/health/ready"), has_status(200), PATIENCE)
    assert ready.status == 200, "Redis and the database are back, and `ready` still fails: nothing may need a restart."


@pytest.mark.check(level="medium", after="test_resources_arrive")
def test_connections_are_shared(service, cache, downstream, fresh):
    """Requests one after the other share a few connections."""
    downstream.default = ScriptedReply(json={"price": fresh.number(1, 9_999)})
    for _ in range(ROUNDS):
        service.get(f"/quotes/{fresh.token()}")
        service.get("/health/ready")
    made = {"Redis": cache.connections_made, "downstream": downstream.connections_made}
    for name, count in made.items():
        assert count <= SHARED, (
            f"{ROUNDS} requests, one after the other, made {count} connections to {name}: a client is made for each "
            "request. The client is the pool: make it once, when the process starts, and keep it."
        )


@pytest.mark.check(level="medium", after="test_resources_arrive")
def test_closed_at_the_end(service, cache, downstream, fresh):
    """When the service stops, no connection stays open."""
    downstream.default = ScriptedReply(json={"price": fresh.number(1, 9_999)})
    for _ in range(3):
        service.get(f"/quotes/{fresh.token()}")
        service.get("/health/ready")
    service.stop()
    for name, backing in (("Redis", cache), ("downstream", downstream)):
        left = until(lambda backing=backing: backing.connections, lambda count: count == 0, PATIENCE)
        assert left == 0, (
            f"The service has stopped, and {left} of its connections to {name} are still open. What start opens, stop "
            "closes: look at what runs after the lifespan's `yield` (for a client it is `aclose()`, awaited)."
        )


@pytest.mark.check(level="medium", after="test_resources_arrive")
def test_configuration_is_read_at_start(service, downstream, fresh):
    """When another URL is in the environment, the next start talks to that one."""
    downstream.default = ScriptedReply(json={"price": fresh.number(1, 9_999)})
    for prefix in (fresh.token(), fresh.token()):
        service.start(DOWNSTREAM_URL=f"{downstream.url}/{prefix}")
        item = fresh.token()
        service.get(f"/quotes/{item}")
        assert called(downstream)[-1:] == [f"/{prefix}/quotes/{item}"], (
            "`DOWNSTREAM_URL` was changed before the start (it has a path now), and the call went elsewhere. Read it "
            "when the service starts, not at import, and pass all of it on as the client's base URL."
        )


@pytest.mark.check(level="hard", after="test_resources_arrive")
def test_slow_downstream_stops_nobody(service, downstream, fresh):
    """While one request waits for downstream, others are answered."""
    downstream.hang()
    waiting = service.begin("GET", f"/quotes/{fresh.token()}", deadline=6.0)
    downstream.wait_for_calls(1)
    try:
        answered_in_time(
            service,
            Request("GET", "/about", deadline=1.5),
            "A request that needs nobody had to wait for another one's call downstream: the call blocks the event "
            "loop. In `async def` only an async client will do.",
        )
    finally:
        downstream.up()
        with contextlib.suppress(CheckFailed):
            waiting.result()


def priced(downstream: Downstream, fresh: Fresh) -> tuple[str, int]:
    """An item that downstream has a price for."""
    item, price = fresh.token(), fresh.number(1, 99_999)
    downstream.script(ScriptedReply(json={"price": price}), path=f"/quotes/{item}")
    return item, price


def called(downstream: Downstream) -> list[str]:
    """The paths of all calls, unescaped."""
    return [unquote(call.path) for call in downstream.calls]


def why_no_quote(downstream: Downstream) -> str:
    """Why the price that downstream has did not come."""
    if not downstream.calls:
        return "Downstream was never asked: the client's base URL is not `DOWNSTREAM_URL`."
    return f"Downstream was asked for `{downstream.calls[-1].path}` and had an answer, but the route did not give it."
