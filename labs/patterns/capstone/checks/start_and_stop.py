"""Start and stop: every resource is made once, needs nobody to be there, and is closed in the end."""

from __future__ import annotations

import contextlib
import glob
import os
import time
from typing import Any

import pytest

from labs.judge import (
    Database,
    Fresh,
    Request,
    ScriptedReply,
    ServiceUnderTest,
    add_user,
    away,
    has_status,
    start,
    until,
)

from .steps import BACK, LIVE, PATIENCE, READY, STARTUP, expect, expect_ready, expect_soon, order_body


@pytest.mark.check(level="easy")
def test_assembled(service, database, downstream, fresh):
    """Orders, quotes, the summary and readiness are answered: every resource is where the routes look for it."""
    user_id = add_user(database, fresh)["id"]
    item, price = fresh.token(), fresh.number(1, 9_999)
    downstream.script(ScriptedReply(json={"price": price}), path=f"/quotes/{item}")
    order = post_order(service, user_id, fresh)
    expect(service.get(f"/orders/{order['id']}"), 200, "The order was created and can't be read.")
    quote = service.get(f"/quotes/{item}")
    why = "Downstream has a price, and the caller does not get it: look at the HTTP client and its base URL."
    expect(quote, 200, why)
    assert quote.json.get("price") == price, "The price has to be downstream's."
    summary = service.get("/admin/summary", headers={"X-API-Key": service.env["API_KEY"]})
    expect(summary, 200, "A caller with the key gets the numbers of rows.")
    expect_ready(
        service,
        200,
        "Everything is there, and `ready` does not say so: who begins the initialisation, and what are its questions?",
    )


@pytest.mark.check(level="medium", after="test_assembled")
def test_starts_in_the_dark(service, database, cache, downstream, fresh):
    """The service starts while everything is away, and works when it is back."""
    user_id = add_user(database, fresh)["id"]
    downstream.default = ScriptedReply(json={"price": 100})
    with away(database, cache, downstream):
        start(
            service,
            "The service does not start while database, Redis and downstream are away: something in the lifespan asks "
            "one of them. Making a client is not connecting; leave that to the first request.",
        )
        live = service.get(LIVE)
        expect(live, 200, "The process is alive, whoever else is away.")
        expect_ready(service, 503, "Database and Redis are away, and the load balancer is told to send requests.")
    expect_ready(service, 200, "Everything is back, and `ready` does not notice. Nothing may need a restart.")
    post_order(service, user_id, fresh)
    quote = service.get(f"/quotes/{fresh.token()}")
    expect(quote, 200, "Downstream is back, and quotes still fail. Nothing may need a restart.")


@pytest.mark.check(level="medium", after="test_assembled")
def test_port_opens_at_once(service):
    """While initialisation runs the port is open, and `startup` and `ready` say 503; when it is done, 200."""
    seconds = 0.4
    begun = time.monotonic()
    start(service, "The service does not start.", STARTUP_SECONDS=f"{seconds}")
    for path in (STARTUP, READY):
        response = service.get(path)
        if time.monotonic() - begun < seconds:
            expect(
                response,
                503,
                f"Initialisation was still running (`STARTUP_SECONDS`), and `{path}` said that it is done.",
            )
    for path in (STARTUP, READY):
        expect_soon(
            lambda path=path: service.get(path),
            200,
            f"Initialisation is long done, and `{path}` does not say so: is its task started, and kept?",
            BACK + 1,
        )
    for _ in range(2):  # on a busy machine three seconds may be over before we have asked
        service.start(STARTUP_SECONDS="3")
        startup, live = service.get(STARTUP), service.get(LIVE)
        expect(live, 200, "A process that initialises is alive.")
        if startup.status == 503:
            return
    expect(
        startup,
        503,
        "The service did not answer before its initialisation was over: the lifespan awaits it. Until then the port is "
        "closed, and liveness, too, finds nobody: run it as a task.",
    )


@pytest.mark.check(level="medium", after="test_port_opens_at_once")
def test_stops_and_closes(service, database, cache, downstream, fresh):
    """A service that stops, even while it initialises, does so at once and leaves no connection open."""
    downstream.default = ScriptedReply(json={"price": 100})
    for seconds in ("0", "60"):
        service.start(STARTUP_SECONDS=seconds)
        if seconds == "0":
            until(lambda: service.get(READY), has_status(200), BACK + 1)
        service.get(f"/quotes/{fresh.token()}")
        service.stop()
        hung = [incident.detail for incident in service.host.incidents if incident.kind == "hung"]
        assert hung == [], (
            "The service does not stop: its lifespan waits for the initialisation, "
            "which has a minute to go. Cancel the task."
        )
        for name, backing in (("Redis", cache), ("downstream", downstream)):
            left = until(lambda backing=backing: backing.connections, lambda count: count == 0, BACK + 1)
            assert left == 0, (
                f"The service has stopped, and connections to {name} are still open: close what you have opened, "
                "behind the `yield`. An `AsyncExitStack` doesn't forget."
            )
        left = until(lambda: open_files(database), lambda count: count == 0, BACK + 1)
        assert left == 0, (
            "The service has stopped, and the engine's connections are still open. `engine.dispose` is a coroutine "
            "function: `stack.push_async_callback(engine.dispose)` awaits it, "
            "`stack.callback` only makes a coroutine that nobody runs."
        )


@pytest.mark.check(level="medium", after="test_assembled")
def test_readiness_asks_the_right_ones(service, database, cache, downstream):
    """Readiness depends on the database and Redis, never on downstream."""
    with away(downstream, fault="hang"):
        service.start()
        expect_ready(
            service,
            200,
            "Downstream is away and `ready` says 503: their outage takes this service out of the load balancer, "
            "although most of it works. Ask the database and Redis, nobody else.",
        )
    for name, backing in (("cache", cache), ("database", database)):
        with away(backing):
            ready = expect_ready(service, 503, f"The {name} is away, and `ready` says 200: readiness does not ask it.")
        failed = [key for key, outcome in (ready.json.get("checks") or {}).items() if outcome != "ok"]
        assert failed == [name], f"The {name} is away, and `checks` names another culprit."
        expect_ready(service, 200, f"The {name} is back, and `ready` still says 503.")


@pytest.mark.check(level="hard", after="test_assembled")
def test_requests_share(service, cache, downstream, fresh):
    """Requests share connections, and the retry budget: an outage downstream is not multiplied."""
    downstream.default = ScriptedReply(json={"price": 100})
    for _ in range(16):
        service.get(f"/quotes/{fresh.token()}")
        service.get(READY)
    made = {"Redis": cache.connections_made, "downstream": downstream.connections_made}
    for name, count in made.items():
        assert count <= 10, (
            f"Sixteen requests, one after the other, made {count} connections to {name}: there is a client for each. "
            "Make it once, in the lifespan."
        )
    downstream.default = ScriptedReply(503)
    downstream.calls.clear()
    for _ in range(2):
        service.together([Request("GET", f"/quotes/{fresh.token()}", deadline=PATIENCE) for _ in range(10)])
    calls = len(downstream.calls)
    assert calls < 40, (
        f"Twenty requests made {calls} calls to a downstream that only fails. The retry budget (or breaker) works when "
        "all requests share it: make one `Downstream` in the lifespan, not one for each request."
    )


def open_files(database: Database) -> int:
    """How often this process has the database's file open; 0 where the system doesn't tell."""
    count = 0
    for number in glob.glob("/proc/self/fd/*"):
        with contextlib.suppress(OSError):
            count += os.readlink(number) == str(database.path)
    return count


def post_order(service: ServiceUnderTest, user_id: int, fresh: Fresh) -> dict[str, Any]:
    """Have the service create an order of this user; the order."""
    body = order_body(user_id, fresh)
    response = service.post("/orders", body)
    expect(response, 201, "An order of a user who exists is created: 201.")
    return {**body, "id": response.json.get("id")}
