"""The whole service, while what it leans on fails and comes back: what is answered, what is kept, what reaches others."""

from __future__ import annotations

import contextlib
import glob
import json
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any

import pytest

from labs.judge import Answer, CheckFailed, Received, Reply, Request, create_user

LIVE, READY, STARTUP = "/health/live", "/health/ready", "/health/startup"
PATIENCE = 8.0  # seconds for an answer where its lateness is not the subject
BACK = 3.0  # seconds after which everything works again
STUCK = 4.0  # seconds after which a stuck database is one that is away
BACKINGS = ("database", "cache", "downstream")
GATEWAY = {502: "BAD_GATEWAY", 503: "UNAVAILABLE", 504: "TIMEOUT"}
CODES = {404: "NOT_FOUND", 409: "CONFLICT", 413: "PAYLOAD_TOO_LARGE", 500: "INTERNAL_ERROR", **GATEWAY}


# Start and stop


@pytest.mark.check("start_and_stop", level="easy")
def test_assembled(service, database, downstream, fresh):
    """Orders, quotes, the summary and readiness are answered: every resource is where the routes look for it."""
    user_id, item, price = (
        database.add_user(name=fresh.name(), email=fresh.email()),
        fresh.token(),
        fresh.number(1, 9_999),
    )
    downstream.script(Reply(json={"price": price}), path=f"/quotes/{item}")
    order = post_order(service, user_id, fresh)
    expect(service.get(f"/orders/{order['id']}"), 200, "The order was created and can't be read.")
    quote = service.get(f"/quotes/{item}")
    expect(
        quote, 200, "Downstream has a price, and the caller does not get it: look at the HTTP client and its base URL."
    )
    assert quote.json.get("price") == price, "The price has to be downstream's."
    summary = service.get("/admin/summary", headers={"X-API-Key": service.env["API_KEY"]})
    expect(summary, 200, "A caller with the key gets the numbers of rows.")
    ready = until(lambda: service.get(READY), has(200))
    expect(
        ready,
        200,
        "Everything is there, and `ready` does not say so: who begins the initialisation, and what are its questions?",
    )


@pytest.mark.check("start_and_stop", level="medium", after="test_assembled")
def test_starts_in_the_dark(service, database, cache, downstream, fresh):
    """The service starts while everything is away, and works when it is back."""
    user_id = database.add_user(name=fresh.name(), email=fresh.email())
    downstream.default = Reply(json={"price": 100})
    with away(database, cache, downstream):
        start(
            service,
            "The service does not start while database, Redis and downstream are away: something in the lifespan asks one of them. Making "
            "a client is not connecting; leave that to the first request.",
        )
        live = service.get(LIVE)
        expect(live, 200, "The process is alive, whoever else is away.")
        ready = until(lambda: service.get(READY), has(503))
        expect(ready, 503, "Database and Redis are away, and the load balancer is told to send requests.")
    ready = until(lambda: service.get(READY), has(200))
    expect(ready, 200, "Everything is back, and `ready` does not notice. Nothing may need a restart.")
    post_order(service, user_id, fresh)
    expect(
        service.get(f"/quotes/{fresh.token()}"),
        200,
        "Downstream is back, and quotes still fail. Nothing may need a restart.",
    )


@pytest.mark.check("start_and_stop", level="medium", after="test_assembled")
def test_port_opens_at_once(service):
    """While initialisation runs the port is open, and `startup` and `ready` say 503; when it is done, 200."""
    seconds = 0.4
    begun = time.monotonic()
    start(service, "The service does not start.", STARTUP_SECONDS=f"{seconds}")
    for path in (STARTUP, READY):
        answer = service.get(path)
        if time.monotonic() - begun < seconds:
            expect(
                answer, 503, f"Initialisation was still running (`STARTUP_SECONDS`), and `{path}` said that it is done."
            )
    for path in (STARTUP, READY):
        answer = until(lambda path=path: service.get(path), has(200))
        expect(
            answer, 200, f"Initialisation is long done, and `{path}` does not say so: is its task started, and kept?"
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
        "The service did not answer before its initialisation was over: the lifespan awaits it. Until then the port is closed, and "
        "liveness, too, finds nobody: run it as a task.",
    )


@pytest.mark.check("start_and_stop", level="medium", after="test_port_opens_at_once")
def test_stops_and_closes(service, database, cache, downstream, fresh):
    """A service that stops, even while it initialises, does so at once and leaves no connection open."""
    downstream.default = Reply(json={"price": 100})
    for seconds in ("0", "60"):
        service.start(STARTUP_SECONDS=seconds)
        if seconds == "0":
            until(lambda: service.get(READY), has(200))
        service.get(f"/quotes/{fresh.token()}")
        service.stop()
        hung = [incident.detail for incident in service.host.incidents if incident.kind == "hung"]
        assert hung == [], (
            "The service does not stop: its lifespan waits for the initialisation, which has a minute to go. Cancel the task."
        )
        for name, backing in (("Redis", cache), ("downstream", downstream)):
            left = until(lambda backing=backing: backing.connections, lambda count: count == 0)
            assert left == 0, (
                f"The service has stopped, and connections to {name} are still open: close what you have opened, behind the `yield`. "
                "An `AsyncExitStack` doesn't forget."
            )
        left = until(lambda: open_files(database), lambda count: count == 0)
        assert left == 0, (
            "The service has stopped, and the engine's connections are still open. `engine.dispose` is a coroutine function: "
            "`stack.push_async_callback(engine.dispose)` awaits it, `stack.callback` only makes a coroutine that nobody runs."
        )


@pytest.mark.check("start_and_stop", level="medium", after="test_assembled")
def test_readiness_asks_the_right_ones(service, database, cache, downstream):
    """Readiness depends on the database and Redis, never on downstream."""
    with away(downstream, fault="hang"):
        service.start()
        ready = until(lambda: service.get(READY), has(200))
    expect(
        ready,
        200,
        "Downstream is away and `ready` says 503: their outage takes this service out of the load balancer, although most of it "
        "works. Ask the database and Redis, nobody else.",
    )
    for name in ("cache", "database"):
        with away(service.leans_on[name]):
            ready = until(lambda: service.get(READY), has(503))
        expect(ready, 503, f"The {name} is away, and `ready` says 200: readiness does not ask it.")
        failed = [key for key, outcome in (ready.json.get("checks") or {}).items() if outcome != "ok"]
        assert failed == [name], f"The {name} is away, and `checks` names another culprit."
        expect(until(lambda: service.get(READY), has(200)), 200, f"The {name} is back, and `ready` still says 503.")


@pytest.mark.check("start_and_stop", level="hard", after="test_assembled")
def test_requests_share(service, cache, downstream, fresh):
    """Requests share connections, and the retry budget: an outage downstream is not multiplied."""
    downstream.default = Reply(json={"price": 100})
    for _ in range(16):
        service.get(f"/quotes/{fresh.token()}")
        service.get(READY)
    made = {"Redis": cache.connections_made, "downstream": downstream.connections_made}
    for name, count in made.items():
        assert count <= 10, (
            f"Sixteen requests, one after the other, made {count} connections to {name}: there is a client for each. Make it once, in the lifespan."
        )
    downstream.default = Reply(503)
    downstream.calls.clear()
    for _ in range(2):
        service.together([Request("GET", f"/quotes/{fresh.token()}", deadline=PATIENCE) for _ in range(10)])
    calls = len(downstream.calls)
    assert calls < 40, (
        f"Twenty requests made {calls} calls to a downstream that only fails. The retry budget (or breaker) works when all requests "
        "share it: make one `Downstream` in the lifespan, not one for each request."
    )


# The stack


@pytest.mark.check("stack", level="easy", after="test_assembled")
def test_error_from_a_middleware(service, fresh):
    """An error that a middleware raises is answered like one from a route, headers included."""
    ident = fresh.token(20)
    answer = service.get("/drills/stream", headers={"X-Correlation-ID": ident, "X-Drill": "conflict"}, partial=True)
    complete(answer, 409, ident)


@pytest.mark.check("stack", level="easy", after="test_assembled")
def test_crash_is_complete(service, logs, fresh):
    """A crash is a 500 in the one shape, with the correlation id and the security headers, and its record has the id."""
    ident, detail = fresh.token(20), fresh.token(12)
    answer = service.post("/drills/crash", {"detail": detail}, headers={"X-Correlation-ID": ident})
    complete(answer, 500, ident)
    cause = (
        "The crash is in the log without the correlation id of its request, so nobody finds it. `CorrelationId` has to stand outside of "
        "whatever logs the crash."
    )
    logs.wait_for(
        lambda record: detail in str(record.get("stack")), "the crash's stack", cause="The crash is not in the log."
    )
    record = logs.wait_for(
        lambda record: detail in str(record.get("stack")) and record.get("correlation_id") == ident,
        "the id and the stack",
        cause=cause,
    )
    assert record.get("status") == "error", "A crash is logged at `error`."


@pytest.mark.check("stack", level="medium", after="test_crash_is_complete")
def test_too_large(service, fresh):
    """A body above 64 KiB is a 413 like every other error, headers included."""
    ident = fresh.token(20)
    body = {"user_id": 1, "item": "x" * 70_000, "amount": 1}
    answer = service.post("/orders", body, headers={"X-Correlation-ID": ident})
    complete(answer, 413, ident)


@pytest.mark.check("stack", level="medium", after="test_crash_is_complete")
def test_every_answer_is_stamped(service, fresh):
    """A 200, a 404 and a 405 carry the id and the security headers, too."""
    for method, path in (("GET", "/about"), ("GET", f"/{fresh.token()}"), ("DELETE", "/about")):
        ident = fresh.token(20)
        stamped(service.request(method, path, headers={"X-Correlation-ID": ident}), ident)


@pytest.mark.check("stack", level="hard", after="test_crash_is_complete")
def test_broken_stream(service, logs, fresh):
    """An answer that fails after its beginning is a broken transfer, and is in the log with its id."""
    ident = fresh.token(20)
    try:
        answer = service.get("/drills/stream", headers={"X-Correlation-ID": ident}, partial=True)
        ended_cleanly = answer.complete
    except CheckFailed:
        ended_cleanly = False
    assert not ended_cleanly, (
        'The stream failed in the middle and ended cleanly: half a file, and nobody can tell. A middleware by `@app.middleware("http")` (a '
        "`BaseHTTPMiddleware`) does that, or a boundary that swallows what comes after the beginning. Use the pure ASGI ones."
    )
    logs.wait_for(
        lambda record: record.get("correlation_id") == ident and "stack" in record,
        "the id and a stack",
        cause="The broken transfer is not in the log under its request's correlation id.",
    )


@pytest.mark.check("stack", level="hard", after="test_crash_is_complete")
def test_strangers_id_goes_nowhere(service, logs, fresh):
    """An id that is none is replaced, and the new one is the same in the header, the body and the log."""
    hostile = f'{fresh.token(8)}", "status": "info'
    answer = service.post("/drills/crash", {"detail": fresh.token()}, headers={"X-Correlation-ID": hostile})
    ident = answer.header("X-Correlation-ID") or ""
    assert re.fullmatch(r"[A-Za-z0-9._-]{8,64}", ident), (
        "Every answer needs a valid X-Correlation-ID, a crash's as well."
    )
    complete(answer, 500, ident)
    logs.wait_for(
        lambda record: record.get("correlation_id") == ident and "stack" in record, "the new id and the stack"
    )
    assert hostile[:8] not in logs.text, "A stranger's text is in the log, as a correlation id or with it."


# The truth and its copy


@pytest.mark.check("truth_and_copy", level="easy")
def test_a_users_life(service, database, fresh):
    """Created, read, changed, read, imported, deleted: each step is seen by the next, and in the table."""
    user = create_user(service, fresh)
    found(service, user, "The user was created and is not found.")
    user |= {"name": fresh.name(), "email": fresh.email()}
    expect(put(service, user), 200, "`PUT` answers the user as changed.")
    found(service, user, "A read after the change still answers the old copy: who drops it?")
    row = database.execute("SELECT name, email FROM users WHERE id = ?", user["id"])
    assert row == [(user["name"], user["email"])], (
        "The change was answered with 200 and is not in the table: not committed."
    )
    others = import_people(service, fresh, 3)
    for other in others:
        found(service, other, "A user was imported and is not found.")
    for gone in (user, others[1]):
        expect(service.delete(f"/users/{gone['id']}"), 204, "A user can be deleted.")
        answer = service.get(f"/users/{gone['id']}")
        expect(answer, 404, "The user was deleted, and is still answered: the copy has to go with the row.")
    remaining = {name for (name,) in database.execute("SELECT name FROM users")}
    assert remaining == {others[0]["name"], others[2]["name"]}, (
        "The table does not hold the users that the answers said."
    )


@pytest.mark.check("truth_and_copy", level="medium", after="test_a_users_life")
def test_nobody_becomes_somebody(service, database, fresh):
    """A user who was asked for before being created is found afterwards."""
    first = database.add_user(name=fresh.name(), email=fresh.email())
    for ahead in (1, 2, 3):
        expect(service.get(f"/users/{first + ahead}"), 404, "Nobody has this id.")
    for user in (create_user(service, fresh), *import_people(service, fresh, 2)):
        found(
            service,
            user,
            "The user was created, and a remembered absence says that there is no such user: drop the copy of new users, too.",
        )


@pytest.mark.check("truth_and_copy", level="medium", after="test_a_users_life")
def test_refused_write_changes_nothing(service, database, fresh):
    """A change or an import that is refused with 409 leaves no row and no copy."""
    user, other = create_user(service, fresh), create_user(service, fresh)
    found(service, user, "The user was created and is not found.")
    answer = put(service, user | {"name": fresh.name(), "email": other["email"]})
    expect(answer, 409, "The address is another user's.")
    found(service, user, "The change was refused, and a read answers it all the same.")
    people = [person(fresh), person(fresh), person(fresh) | {"email": user["email"]}]
    expect(service.post("/users/import", people), 409, "The last one's address is taken.")
    rows = database.execute("SELECT count(*) FROM users")[0][0]
    assert rows == 2, (
        "An import was refused because of its last row, and others of it are in the table: one transaction, one commit."
    )


@pytest.mark.check("truth_and_copy", level="medium", after="test_a_users_life")
def test_copy_answers_without_the_database(service, database, fresh):
    """A user whose copy is in Redis is answered while the database is stuck, or away."""
    user = {"name": fresh.name(), "email": fresh.email()}
    # Past the service: after a write of its own it may store no copy for a while.
    user["id"] = database.add_user(**user)
    found(service, user, "The user is in the table and is not found.")
    found(service, user, "The user was read, and then not found.")
    for fault in ("hang", "down"):
        with away(database, fault=fault):
            try:
                answer = service.get(f"/users/{user['id']}", deadline=2.0)
            except CheckFailed as silent:
                raise CheckFailed(NEEDS_NO_SESSION, expected="200, from the copy", got=silent.got) from None
        expect(answer, 200, NEEDS_NO_SESSION)
        assert shown(answer) == whole(user), "What comes out of the copy is not what went in."


@pytest.mark.check("truth_and_copy", level="hard", after="test_a_users_life")
def test_write_without_redis(service, database, cache, fresh):
    """While Redis is away, writes are answered with 2xx and done once."""
    user = create_user(service, fresh)
    found(service, user, "The user was created and is not found.")
    with away(cache):
        changed = user | {"name": fresh.name()}
        answer = put(service, changed)
        row = database.execute("SELECT name FROM users WHERE id = ?", user["id"])
        if answer.status >= 500 and row == [(changed["name"],)]:
            raise CheckFailed(
                "The change is in the table, and the client is told that it failed: dropping the copy raised, after the commit. What fails "
                "then is no longer the client's business.",
                expected="200",
                got=answer,
            )
        expect(answer, 200, WITHOUT_REDIS)
        assert row == [(changed["name"],)], "The change was answered with 200, and is not in the table."
        new = person(fresh)
        expect(service.post("/users", new), 201, WITHOUT_REDIS)
        expect(service.get(f"/users/{user['id']}"), 200, WITHOUT_REDIS)
        expect(service.delete(f"/users/{user['id']}"), 204, WITHOUT_REDIS)
    rows = database.execute("SELECT email FROM users")
    assert rows == [(new["email"],)], "What the answers said is not what the table holds."


@pytest.mark.check("truth_and_copy", level="expert", after="test_a_users_life")
def test_copy_goes_after_the_commit(service, cache, fresh):
    """Whoever reads while copies are being dropped finds what is committed, and leaves no absence behind."""
    seen = len(cache.commands)
    import_people(service, fresh, 3)
    writes = sum(command.name in STORING for command in cache.commands[seen:])
    people = [person(fresh) for _ in range(3)]
    count = iter(range(1, 1000))
    held = cache.hold(lambda command: command.name in STORING and next(count) == writes)
    importing = service.begin("POST", "/users/import", json=people, deadline=PATIENCE)
    readers: list[Future[Answer]] = []
    if writes and held.wait(3.0):  # all but the last copy are dropped: is the row there?
        last = max(found_ids(cache.commands), default=0)
        readers = [
            service.begin("GET", f"/users/{number}", deadline=PATIENCE) for number in range(max(1, last - 2), last + 1)
        ]
        wait(readers, timeout=1.0)
    held.release()
    answer = importing.result()
    expect(answer, 201, "An import that fits is answered with 201, however slow Redis is.")
    for reader in readers:
        reader.result()
    for user in answer.json:
        found(
            service,
            user,
            "While copies were dropped somebody asked for the new user, found nobody, and that was remembered: the copies were dropped before the "
            "commit. First the truth, then the copy.",
        )


# Money


@pytest.mark.check("money", level="easy")
def test_paid(service, database, downstream, logs, fresh):
    """A payment reaches downstream with a key, the order is paid, in the table and in the log; a second one is a 409."""
    order = new_order(service, database, fresh)
    answer = pay(service, order, fresh)
    expect(answer, 200, "Downstream took the payment, so the answer is 200 and the order.")
    assert answer.json.get("status") == "paid", "The order that is answered has to be paid."
    assert status_of(database, order) == "paid", "The answer says paid, and the table does not: not committed."
    calls = payments(downstream)
    assert [body_of(call) for call in calls] == [{"order_id": order["id"], "amount": order["amount"]}], (
        "One payment, for this order and amount."
    )
    assert calls[0].headers.get("idempotency-key"), "A payment has an `Idempotency-Key`."
    expect(pay(service, order, fresh), 409, "The order is paid already: 409.")
    assert len(payments(downstream)) == 1, "The order was paid already, and downstream was asked again."
    told(logs, "order_paid", order, "A payment that went well is an event: `order_paid`.")
    theirs, key = new_order(service, database, fresh), fresh.token(20)
    answer = service.post(f"/orders/{theirs['id']}/pay", {"card_number": card(fresh)}, headers={"Idempotency-Key": key})
    expect(answer, 200, "A caller who brings a key of their own can pay, too.")
    assert payments(downstream)[-1].headers.get("idempotency-key") == key, (
        "The caller sent an `Idempotency-Key`, and downstream got another one: `given_key` goes first."
    )


@pytest.mark.check("money", level="easy", after="test_paid")
def test_declined(service, database, downstream, logs, fresh):
    """A declined card is a 402 and `payment_failed` with its stack; nobody is asked, and the order stays open."""
    order = new_order(service, database, fresh)
    answer = service.post(f"/orders/{order['id']}/pay", {"card_number": f"{fresh.number(10**11, 10**12 - 1)}0002"})
    expect(answer, 402, "The card is bad: 402.")
    assert payments(downstream) == [], "The card is known to be bad, and downstream was asked all the same."
    assert status_of(database, order) == "open", "The payment was declined, and the order is no longer open."
    record = told(logs, "payment_failed", order, "A declined payment is an event: `payment_failed`, at `error`.")
    assert (record.get("status"), "stack" in record) == ("error", True), (
        "`payment_failed` is at `error` and has a `stack`: `log.exception`."
    )


@pytest.mark.check("money", level="medium", after="test_paid")
def test_failed_payment_leaves_it_open(service, database, downstream, fresh):
    """A payment that fails downstream is a 5xx of theirs, the order stays open, and the next try has the same key."""
    order = new_order(service, database, fresh)
    downstream.script(*[Reply(503)] * 3, path="/payments")
    answer = pay(service, order, fresh)
    expect(answer, 503, "Downstream said 503 three times: that is a 503 for the caller.")
    assert status_of(database, order) == "open", (
        "The payment failed, and the order is not open: it was marked before downstream had agreed."
    )
    expect(pay(service, order, fresh), 200, "Downstream is well again: the order can be paid.")
    one_key(downstream, order)


@pytest.mark.check("money", level="hard", after="test_paid")
def test_waiting_payments_hold_nothing(service, database, downstream, fresh):
    """While payments wait for downstream, everybody else reads and writes."""
    orders = [new_order(service, database, fresh) for _ in range(18)]  # a pool has 15
    for held, meanwhile in ((1, "POST"), (len(orders), "GET")):
        if held > 1:
            downstream.default = Reply(404)  # nothing to record: so many commits at once take SQLite a second
        for _ in range(3):  # on a busy machine payments may give up before the other one had a chance
            downstream.calls.clear()
            downstream.hang()
            paying = [begin_pay(service, order, fresh) for order in orders[:held]]
            downstream.wait_for_calls(held, timeout=0.7)  # where each holds a connection, not all of them come so far
            others = {
                "GET": Request("GET", f"/orders/{orders[0]['id']}", deadline=PATIENCE),
                "POST": Request("POST", "/orders", json=order_body(orders[0]["user_id"], fresh), deadline=PATIENCE),
            }
            answer = service.send(others[meanwhile])
            in_between = not any(one.done() for one in paying) or answer.seconds < 0.4
            downstream.up()
            for one in paying:
                one.result()
            if in_between and answer.status < 300:
                break
            database.execute("UPDATE orders SET status = 'open'")
        else:
            raise CheckFailed(
                HOLDS_A_LOCK if held == 1 else HOLDS_A_CONNECTION,
                expected="an answer while the payments still wait",
                got=f"{answer.status} after {answer.seconds:.1f} s, when they had ended",
            )
        database.execute("UPDATE orders SET status = 'open'")


@pytest.mark.check("money", level="hard", after="test_paid")
def test_double_click(service, database, downstream, fresh):
    """Two requests that pay one order at the same time are one payment."""
    order = new_order(service, database, fresh)
    downstream.hang()
    both = [begin_pay(service, order, fresh) for _ in range(2)]
    downstream.wait_for_calls(2, timeout=0.5)  # one, where the second waits for the first
    downstream.up()
    statuses = sorted(one.result().status for one in both)
    if statuses not in ([200, 200], [200, 409]):
        raise CheckFailed(
            "Two payments of one order at once: one is a 200, the other a 200 or a 409. `mark_paid` answers `None` to the one that comes second: "
            "that is no order, and no crash.",
            expected="200 and 409 (or 200)",
            got=" and ".join(map(str, statuses)),
        )
    assert status_of(database, order) == "paid", "A payment was answered with 200, and the order is not paid."
    one_key(downstream, order)


# The storm


@pytest.mark.check("storm", level="medium", after="test_error_from_a_middleware")
def test_database_away(service, database, downstream, logs, fresh):
    """While the database is away, what needs it is a 503, and nothing else is touched; it works again when it is back."""
    order = new_order(service, database, fresh)
    downstream.default = Reply(json={"price": 100})
    key = {"X-API-Key": service.env["API_KEY"]}
    body = order_body(order["user_id"], fresh)
    needing: list[tuple[str, str, Any]] = [
        ("GET", f"/orders/{order['id']}", None),
        ("GET", "/orders?page_size=5", None),
        ("GET", f"/users/{order['user_id']}/orders", None),
        ("POST", "/orders", body),
        ("GET", "/admin/summary", None),
    ]
    with away(database):
        for method, path, json_body in needing:
            ident = fresh.token(20)
            answer = service.request(method, path, json=json_body, headers={**key, "X-Correlation-ID": ident})
            expect(answer, 503, why_not_503(answer, f"{method} {path}"))
            complete(answer, 503, ident)
            logs.wait_for(
                lambda record, ident=ident: record.get("correlation_id") == ident and "stack" in record,
                "the id and a stack",
                cause="A 503 because of the database is not in the log with its stack: the caller is told little, so the log has to say why.",
            )
        for path in ("/about", LIVE, f"/quotes/{fresh.token()}"):
            expect(service.get(path), 200, f"`{path}` needs no database, and fails with it.")
    created = until(lambda: service.post("/orders", body), has(201), BACK)
    expect(created, 201, "The database is back, and orders still can't be created. Nothing may need a restart.")
    rows = database.execute("SELECT count(*) FROM orders WHERE item = ?", body["item"])
    assert rows == [(1,)], "An order that was answered with 503 is in the table."


@pytest.mark.check("storm", level="medium", after=("test_database_away", "test_a_users_life"))
def test_a_bug_is_no_outage(service, database, fresh):
    """A crash is a 500, whether or not the database is away; a row that the database refuses is no 503."""
    for broken in (False, True):
        with away(database) if broken else contextlib.nullcontext():
            answers = [
                service.post("/drills/crash", {"detail": fresh.token()}),
                service.get("/drills/bad-response"),
            ]
        for answer in answers:
            expect(answer, 500, NO_OUTAGE)
    user_id = database.add_user(name=fresh.name(), email=fresh.email())
    database.execute("CREATE TRIGGER kept BEFORE DELETE ON users BEGIN SELECT RAISE(ABORT, 'users are kept'); END")
    answer = service.delete(f"/users/{user_id}")
    if answer.status < 400 or answer.status == 503:
        raise CheckFailed(
            "The database is well and refuses a change (a trigger, an `IntegrityError`): trying again won't help, so it is no 503. Not every error "
            "of SQLAlchemy means “away”.",
            expected=500,
            got=answer,
        )


@pytest.mark.check("storm", level="hard", after="test_database_away")
def test_stuck_is_away(service, database, fresh):
    """A database that is stuck is one that is away: 503 within four seconds, for many at once, and no row of theirs."""
    order = new_order(service, database, fresh)
    slowest = PATIENCE
    refused: set[str] = set()
    for _ in range(2):  # on a busy machine the first may be late
        bodies = [order_body(order["user_id"], fresh) for _ in range(4)]
        refused |= {body["item"] for body in bodies}
        requests = [Request("POST", "/orders", json=body, deadline=PATIENCE + STUCK) for body in bodies]
        requests += [Request("GET", f"/orders/{order['id']}", deadline=PATIENCE + STUCK)] * 4
        with away(database, fault="hang"):
            answers = service.together(requests)
        for answer in answers:
            expect(answer, 503, why_not_503(answer, f"{answer.request.method} {answer.request.path}"))
        slowest = min(slowest, max(answer.seconds for answer in answers))
        if slowest < STUCK:
            break
    assert slowest < STUCK, (
        "The database was locked, and callers waited for it too long. SQLite's driver waits five seconds for a lock unless it is told otherwise "
        '(`connect_args={"timeout": …}`), and the pool thirty for a connection (`pool_timeout`).'
    )
    body = order_body(order["user_id"], fresh)
    created = until(lambda: service.post("/orders", body), has(201), BACK)
    expect(created, 201, "The database is no longer stuck, and orders still can't be created.")
    left = {item for (item,) in database.execute("SELECT item FROM orders")} & refused
    assert left == set(), ROW_OF_A_REFUSED


@pytest.mark.check("storm", level="expert", after=("test_database_away", "test_a_users_life"))
def test_refused_commit(service, database, fresh):
    """A change whose commit does not get through is either done and a 200, or not done and an error."""
    user = create_user(service, fresh)
    found(service, user, "The user was created and is not found.")
    changed = user | {"name": fresh.name()}
    with commits_blocked(database):
        answer = put(service, changed, deadline=PATIENCE)
    for _ in range(3):  # who still wants to commit, can now; and nothing is left locked
        created = until(lambda: service.post("/orders", order_body(user["id"], fresh)), has(201), BACK)
        expect(created, 201, LEFT_OPEN)
    row = database.execute("SELECT name FROM users WHERE id = ?", user["id"])[0][0]
    if answer.status >= 300:
        expect(answer, 503, why_not_503(answer, "PUT /users/{id}"))
        assert row == user["name"], LEFT_OPEN
        found(service, user, "The change failed, and a read answers it: a copy was stored before the commit.")
    else:
        assert row == changed["name"], "The client was told 200, and the change is not in the table."


@pytest.mark.check("storm", level="expert", after=("test_database_away", "test_paid"))
def test_paid_and_not_recorded(service, database, downstream, fresh):
    """When downstream has taken the money and it can't be recorded: 503, still open, and the next try has the same key."""
    order = new_order(service, database, fresh)
    downstream.hang()
    paying = begin_pay(service, order, fresh)
    downstream.wait_for_calls(1)
    try:
        with away(database):
            downstream.up()
            answer = paying.result()
    except sqlite3.OperationalError:
        downstream.up()
        raise CheckFailed(HOLDS_A_LOCK, expected="a database that others can lock", got="it is locked") from None
    expect(answer, 503, why_not_503(answer, "POST /orders/{id}/pay"))
    assert status_of(database, order) != "paid", "The answer was 503, and the order is paid."
    again = until(lambda: pay(service, order, fresh), lambda answer: answer.status < 500, BACK)
    expect(
        again,
        200,
        "The database is back. Paying again has to end in a paid order: downstream knows the key and answers what it answered then.",
    )
    assert status_of(database, order) == "paid", "The answer says paid, and the table does not."
    one_key(downstream, order)


@pytest.mark.check(
    "storm",
    level="expert",
    after=(
        "test_database_away",
        "test_write_without_redis",
        "test_failed_payment_leaves_it_open",
        "test_paid_and_not_recorded",
    ),
    points=3,
)
def test_storm(service, database, cache, downstream, logs, fresh):
    """Two hundred requests while everything fails and comes back: nothing lost, nothing wrong answered, no restart."""
    storm = Storm(service, database, downstream, fresh)
    storm.wave("all is well", names=True)
    with away(downstream):
        storm.wave("downstream is away", may_fail=("pay", "quote"), names=True)
    storm.downstream_is_back()
    with away(cache):
        storm.wave("Redis is away", names=True)
    storm.wave("Redis goes away and comes back", at=((4, cache.down), (12, cache.up)), names=True)
    storm.wave(
        "downstream goes away and comes back", at=((4, downstream.down), (12, downstream.up)), may_fail=("pay", "quote")
    )
    storm.downstream_is_back()
    with away(database):
        storm.wave("the database is away", may_fail=("order", "list", "user", "pay"))
    storm.everything_is_back()
    storm.payments_meet_an_outage()
    storm.everything_is_back()
    with away(database, cache, downstream):
        storm.wave("everything is away", may_fail=("order", "list", "user", "pay", "quote"))
    storm.everything_is_back()
    storm.wave("all is well again", names=True)
    storm.everybody_is_renamed()
    storm.audit()
    storm.pay_the_rest()
    storm.audit_log(logs)


class Sent:
    """One request of the storm."""

    def __init__(self, kind: str, request: Request, about: dict[str, Any], wave: str) -> None:
        self.kind = kind  # order, user, name, pay, list or quote
        self.request, self.about, self.wave = request, about, wave
        self.answer: Answer | None = None

    @property
    def ident(self) -> str:
        return dict(self.request.headers)["X-Correlation-ID"]  # type: ignore[arg-type]


class Storm:
    """Requests in waves, what became of each, and whether it fits what is left in the end."""

    def __init__(self, service: Any, database: Any, downstream: Any, fresh: Any) -> None:
        self.service, self.database, self.downstream, self.fresh = service, database, downstream, fresh
        self.downstream.default = Reply(json={"price": 1999, "status": "ok"})
        self.users = [{"name": fresh.name(), "email": fresh.email()} for _ in range(6)]
        for user in self.users:
            user["id"] = database.add_user(**user)
        self.names = {user["id"]: {user["name"]} for user in self.users}  # every name that a user may have
        self.orders: list[dict[str, Any]] = []
        for _ in range(30):
            order = order_body(self.users[len(self.orders) % 6]["id"], fresh)
            self.orders.append({"id": database.add_order(**order), **order})
        self.unpaid = list(self.orders)
        self.sent: list[Sent] = []

    def wave(
        self,
        what: str,
        *,
        may_fail: tuple[str, ...] = (),
        at: tuple[tuple[int, Callable[[], None]], ...] = (),
        names: bool = False,
    ) -> None:
        """Some of everything at once; `at` changes the weather when so many have been answered."""
        kinds = (
            ["order"] * 4 + ["user"] * 7 + ["pay"] * 3 + ["list"] * 2 + ["quote"] * 3 + ["name"] * (2 if names else 0)
        )
        batch = [self.one(kind, what) for kind in kinds]
        batch.sort(key=lambda _: self.fresh.number(0, 1_000_000))
        pending = {self.begin(sent): sent for sent in batch}
        left = set(pending)
        for answered, change in at:
            while len(pending) - len(left) < answered and left:
                _, left = wait(left, timeout=PATIENCE, return_when=FIRST_COMPLETED)
            change()
        for future, sent in pending.items():
            sent.answer = answer_of(future, sent.request, what)
            self.judge(sent, may_fail)

    def one(self, kind: str, what: str) -> Sent:
        fresh, user = self.fresh, self.users[self.fresh.number(0, 5)]
        about: dict[str, Any] = {}
        method, path, body = "GET", "", None
        if kind == "order":
            method, path, body = "POST", "/orders", order_body(user["id"], fresh)
            about = body
        elif kind == "user":
            path, about = f"/users/{user['id']}", user
        elif kind == "name":
            user = self.users[fresh.number(0, 5)]
            name = fresh.name()
            self.names[user["id"]].add(name)
            method, path, body, about = (
                "PUT",
                f"/users/{user['id']}",
                {"name": name, "email": user["email"]},
                {**user, "name": name},
            )
        elif kind == "pay":
            about = self.unpaid.pop(0)
            self.unpaid.append(about)
            method, path, body = "POST", f"/orders/{about['id']}/pay", {"card_number": card(fresh)}
        elif kind == "list":
            path = "/orders?page_size=5"
        else:
            path = f"/quotes/{fresh.token()}"
        request = Request(method, path, json=body, headers={"X-Correlation-ID": fresh.token(24)}, deadline=PATIENCE)
        return Sent(kind, request, about, what)

    def begin(self, sent: Sent) -> Future[Answer]:
        self.sent.append(sent)
        request = sent.request
        return self.service.begin(
            request.method, request.path, json=request.json, headers=request.headers, deadline=request.deadline
        )

    def judge(self, sent: Sent, may_fail: tuple[str, ...], *, alone: bool = False) -> None:
        """What is wrong with this answer by itself."""
        answer = sent.answer
        assert answer is not None
        what = f"While {sent.wave}" if sent.wave[0] != "a" else f"When {sent.wave}"
        asked = f"`{sent.request.method} {re.sub(r'[0-9]+', '{id}', sent.request.path)}`"
        if answer.status < 300:
            stamped(answer, sent.ident)
            self.judge_content(sent, answer)
            return
        paid_before = sent.kind == "pay" and answer.status == 409
        if answer.status < 500 and not paid_before:
            raise CheckFailed(
                f"{what}, {asked} was answered with a {answer.status}: an outage was taken for something else.",
                got=answer,
            )
        if paid_before:
            return
        if answer.status not in GATEWAY:
            raise CheckFailed(
                f"{what}, {asked} was answered with {answer.status}. An outage is a 503 (or 504, 502 for downstream), never a bug of your own.",
                expected="503",
                got=answer,
            )
        complete(answer, answer.status, sent.ident)
        if sent.kind not in may_fail and answer.status == 503 and not alone:
            # On a busy machine one may wait for another's lock for too long. Alone, in the same weather, it has to succeed.
            again = self.one(sent.kind, sent.wave)
            again.answer = answer_of(self.begin(again), again.request, sent.wave)
            self.judge(again, (), alone=True)
        elif sent.kind not in may_fail:
            raise CheckFailed(
                f"{what}, {asked} failed, which does not need what was away. "
                "Which part of the service waits for it, or lets its error through?",
                expected="2xx",
                got=answer,
            )

    def judge_content(self, sent: Sent, answer: Answer) -> None:
        body = answer.json
        if sent.kind == "user":
            asked, got = sent.about, body
            assert (got.get("id"), got.get("email")) == (asked["id"], asked["email"]), (
                "Somebody was answered with another user's data: requests share a session, a copy or a variable."
            )
            assert got.get("name") in self.names[asked["id"]], (
                "A user was answered with a name that nobody ever gave them."
            )
        elif sent.kind == "order":
            got = {name: body.get(name) for name in sent.about}
            assert got == sent.about, "The order that was answered is not the one that was sent."
        elif sent.kind == "pay":
            assert (body.get("id"), body.get("status")) == (sent.about["id"], "paid"), (
                "A payment was answered with another order, or an open one."
            )
            if sent.about in self.unpaid:
                self.unpaid.remove(sent.about)

    def payments_meet_an_outage(self) -> None:
        """Downstream takes the money of some while the database goes away."""
        self.downstream.calls.clear()
        self.downstream.hang()
        batch = [self.one("pay", "the database goes away under a payment") for _ in range(4)]
        pending = {self.begin(sent): sent for sent in batch}
        self.downstream.wait_for_calls(4)
        with away(self.database):
            self.downstream.up()
            for future, sent in pending.items():
                sent.answer = answer_of(future, sent.request, sent.wave)
        for sent in batch:
            self.judge(sent, ("pay",))

    def downstream_is_back(self) -> None:
        """Downstream's outage is over: before long nobody feels it."""
        quote = until(lambda: self.service.get(f"/quotes/{self.fresh.token()}", deadline=PATIENCE), has(200), BACK)
        expect(
            quote, 200, "Downstream has been back for three seconds, and quotes still fail. Nothing may need a restart."
        )

    def everything_is_back(self) -> None:
        ready = until(lambda: self.service.get(READY, deadline=PATIENCE), has(200), BACK + 1)
        expect(ready, 200, "Everything is back, and `ready` does not notice. Nothing may need a restart.")
        self.downstream_is_back()

    def everybody_is_renamed(self) -> None:
        """With all well, whatever an outage has made of the copies is set right by the next change."""
        for user in self.users:
            user["name"] = self.fresh.name()
            self.names[user["id"]].add(user["name"])
            expect(put(self.service, user), 200, "All is well again, and a user can't be changed.")
            found(
                self.service,
                user,
                "All is well again, a user is changed, and a read answers an old copy: since the outage nobody drops copies any more. "
                "“Redis is away” must not be remembered.",
            )

    def audit(self) -> None:
        """Whether the tables hold what was answered, and nothing else."""
        answered = {sent.about["item"]: sent.about for sent in self.sent if sent.kind == "order" and ok(sent)}
        known = {order["item"] for order in self.orders}
        rows = {
            item: {"user_id": user_id, "item": item, "amount": amount}
            for user_id, item, amount in self.database.execute("SELECT user_id, item, amount FROM orders")
            if item not in known
        }
        lost = [item for item in answered if rows.get(item) != answered[item]]
        assert lost == [], (
            "Orders that were answered with 201 are not in the table as they were sent: something was promised before its commit."
        )
        assert sorted(rows.keys() - answered.keys()) == [], ROW_OF_A_REFUSED
        for order in self.orders:
            pays = [sent for sent in self.sent if sent.kind == "pay" and sent.about["id"] == order["id"]]
            paid = any(sent.answer is not None and sent.answer.status in (200, 409) for sent in pays)
            state = status_of(self.database, order)
            if paid and state != "paid":
                raise CheckFailed(
                    "A payment was answered as done, and the order is not paid in the table.",
                    expected="paid",
                    got=state,
                )
            if not paid and state == "paid":
                raise CheckFailed(
                    "Every payment of an order failed, and it is paid in the table: it was recorded before downstream had agreed.",
                    expected="open",
                    got=state,
                )
        for user in self.users:
            row = self.database.execute("SELECT name, email FROM users WHERE id = ?", user["id"])[0]
            answer = self.service.get(f"/users/{user['id']}")
            got = (answer.json.get("name"), answer.json.get("email")) if answer.status == 200 else answer.status
            assert got == row, (
                "All is well again, and a user is answered with an old copy: a change was not followed by dropping it."
            )

    def pay_the_rest(self) -> None:
        """Whoever could not pay in the storm can now; and each order has one key."""
        for order in list(self.unpaid):
            answer = pay(self.service, order, self.fresh)
            expect(answer, 200, "An order whose payment failed in the storm can't be paid now that all is well.")
        charged = {}
        for call in payments(self.downstream):
            charged.setdefault(body_of(call).get("order_id"), set()).add(call.headers.get("idempotency-key"))
        twice = [number for number, keys in charged.items() if len(keys) > 1]
        assert twice == [], TWO_KEYS

    def audit_log(self, logs: Any) -> None:
        """Whether support finds each failure, and each order, under the id that the caller has."""
        records = logs.complete()
        by_id: dict[str, list[dict[str, Any]]] = {}
        for record in records:
            by_id.setdefault(str(record.get("correlation_id")), []).append(record)
        for sent in self.sent:
            mine = by_id.get(sent.ident, [])
            if sent.answer is not None and sent.answer.status >= 500:
                if not any("stack" in record for record in mine):
                    raise CheckFailed(
                        f"A {sent.answer.status} of the storm is not in the log with its stack, under the correlation id that its caller was told.",
                        expected=f"a record with {sent.ident} and a stack",
                        got=[record.get("message") for record in mine],
                    )
            elif sent.kind == "order" and ok(sent):
                created = [record.get("order_id") for record in mine if record.get("message") == "order_created"]
                assert created == [sent.answer.json["id"]], (
                    "`order_created` is missing, or under another request's correlation id."
                )


# What the checks see with


STORING = {
    "SET",
    "SETEX",
    "PSETEX",
    "SETNX",
    "GETSET",
    "MSET",
    "HSET",
    "HMSET",
    "DEL",
    "UNLINK",
    "GETDEL",
    "INCR",
    "EXPIRE",
    "EXEC",
}
NEEDS_NO_SESSION = (
    "A copy is in Redis, and the database was asked all the same. A hit needs none: whoever asks the table belongs into the function that "
    "`copies.read` may call or not, session and all."
)
WITHOUT_REDIS = "Redis is away, and that is felt outside: the database has the truth, and the route answers as always."
HOLDS_A_LOCK = "While a payment waits for downstream, nobody else can write: it holds a transaction. Ask downstream between two transactions, not in one."
HOLDS_A_CONNECTION = (
    "While payments wait for downstream, nobody else gets a connection to the database: each of them holds a session that has read something. Close it "
    "(leave its `async with`) before you ask."
)
ROW_OF_A_REFUSED = "A request was answered with an error, and its row is in the table: the client will send it again, and there will be two."
NO_OUTAGE = (
    "A bug was answered as an outage: a 503 tells callers to come back, and sends the wrong people out of bed. Name the errors that mean “away” "
    "in `outage`; everything else is a 500."
)
LEFT_OPEN = (
    "The client was told that its change failed, and the transaction was not over: it stayed open, with its lock, and was committed later, perhaps by "
    "another request. Either its COMMIT failed and nobody rolled back (`async with sessions.begin()` does, a bare `session.commit()` doesn't), or somebody "
    "stopped waiting for a COMMIT that went on (a shielded one, a task): only the driver's own time-out ends both sides."
)
TWO_KEYS = (
    "Payments of one order have different keys, so downstream took the money for each of them. The key belongs to the order: the caller's, or one "
    "made from the order's id, never a random one."
)


def until(look: Callable[[], Any], good: Callable[[Any], bool], timeout: float = BACK + 1) -> Any:
    """What `look` sees as soon as it is good; what it sees last when it never is."""
    deadline = time.monotonic() + timeout
    while not good(seen := look()) and time.monotonic() < deadline:
        time.sleep(0.03)
    return seen


def has(status: int) -> Callable[[Answer], bool]:
    return lambda answer: answer.status == status


def ok(sent: Sent) -> bool:
    return sent.answer is not None and sent.answer.status < 300


def open_files(database: Any) -> int:
    """How often this process has the database's file open; 0 where the system doesn't tell."""
    count = 0
    for number in glob.glob("/proc/self/fd/*"):
        with contextlib.suppress(OSError):
            count += os.readlink(number) == str(database.path)
    return count


@contextlib.contextmanager
def away(*backings: Any, fault: str = "down") -> Iterator[None]:
    """These are down, or hang, for a while."""
    try:
        for backing in backings:
            getattr(backing, fault)()
        yield
    finally:
        for backing in backings:
            backing.up()


@contextlib.contextmanager
def commits_blocked(database: Any) -> Iterator[None]:
    """Read from the file all the time: others can insert, and none can commit."""
    with contextlib.closing(sqlite3.connect(database.path, timeout=5, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM users").fetchall()
        yield
        reader.execute("ROLLBACK")


def start(service: Any, cause: str, **environment: str) -> None:
    try:
        service.start(**environment)
    except CheckFailed as error:
        error.cause = f"{cause} ({error.cause})"
        raise


def answer_of(future: Future[Answer], request: Request, what: str) -> Answer:
    try:
        return future.result()
    except CheckFailed as silent:
        raise CheckFailed(
            f"While {what}, `{request.method} {request.path}` got no answer within {PATIENCE:g} s, or its connection broke. "
            "Whatever is away, the caller is told.",
            expected="an answer",
            got=silent.got,
        ) from None


def expect(answer: Answer, status: int, cause: str) -> None:
    if answer.status != status:
        raise CheckFailed(cause, expected=status, got=answer)


def why_not_503(answer: Answer, asked: str) -> str:
    if answer.status == 404:
        return f"The database is away, and `{asked}` says that there is no such thing: an error while looking is no “not found”."
    if answer.status == 500:
        return (
            f"The database is away, and `{asked}` is a 500, as if it were a bug. `outage` has to know the errors that mean “away”: SQLAlchemy's "
            "`DBAPIError` (all but the bugs among them), its `TimeoutError` of the pool, and `OSError`."
        )
    return f"The database is away, so `{asked}` is a 503."


def stamped(answer: Answer, ident: str) -> None:
    """Every answer has these."""
    asked = f"`{answer.request.method} {answer.request.path}` ({answer.status})"
    got = answer.header("X-Correlation-ID")
    assert got == ident, (
        f"{asked} does not carry the correlation id of its request. `CorrelationId` stamps what passes through it: whatever answers has to be inside of it, the boundary included."
    )
    missing = [
        name
        for name in ("X-Content-Type-Options", "Content-Security-Policy", "Referrer-Policy")
        if not answer.header(name)
    ]
    assert missing == [], (
        f"{asked} lacks security headers. `SecurityHeaders` stamps what passes through it: whatever answers has to be inside of it, the boundary included."
    )


def complete(answer: Answer, status: int, ident: str) -> None:
    """An error as every error has to be."""
    asked = f"`{answer.request.method} {answer.request.path}`"
    body = None
    with contextlib.suppress(CheckFailed):
        body = answer.json
    if (status, answer.status) == (500, 503):
        raise CheckFailed(NO_OUTAGE, expected=500, got=answer)
    if answer.status != status or not isinstance(body, dict) or body.get("error") != CODES[status]:
        raise CheckFailed(
            f"{asked} has to be a {status} in the one shape. What is raised has to meet the boundary on its way out: everything that raises stands "
            "inside of it, and the framework's own 500 is what comes out when it doesn't.",
            expected=f"{status} with error {CODES[status]}",
            got=answer,
        )
    stamped(answer, ident)
    assert body.get("correlation_id") == ident, (
        f"The body of {asked} names another correlation id than its header: the boundary answered where the id was not known, outside of `CorrelationId`."
    )


# Users and orders


def person(fresh: Any) -> dict[str, Any]:
    return {"name": fresh.name(), "email": fresh.email(), "password": fresh.secret()}


def import_people(service: Any, fresh: Any, count: int) -> list[dict[str, Any]]:
    people = [person(fresh) for _ in range(count)]
    answer = service.post("/users/import", people, deadline=PATIENCE)
    expect(answer, 201, "People who fit are imported: 201, and the users.")
    got = [user.get("email") for user in answer.json]
    assert got == [one["email"] for one in people], "An import answers the users that it stored, in the order sent."
    return [{name: user[name] for name in ("id", "name", "email")} for user in answer.json]


def put(service: Any, user: dict[str, Any], **options: Any) -> Answer:
    return service.put(f"/users/{user['id']}", {"name": user["name"], "email": user["email"]}, **options)


def whole(user: dict[str, Any]) -> dict[str, Any]:
    return {name: user[name] for name in ("id", "name", "email")}


def shown(answer: Answer) -> dict[str, Any]:
    return {name: answer.json.get(name) for name in ("id", "name", "email")}


def found(service: Any, user: dict[str, Any], cause: str) -> None:
    """A read answers this user."""
    answer = service.get(f"/users/{user['id']}")
    expect(
        answer,
        200,
        cause
        if answer.status < 500
        else "`GET /users/{id}` fails: what `load` returns is kept and answered, a `User` or `None`.",
    )
    assert shown(answer) == whole(user), cause


def found_ids(commands: list[Any]) -> set[int]:
    """The numbers in the keys of Redis' commands."""
    return {
        int(number)
        for command in commands
        for word in command.words[1:3]
        for number in re.findall(r"(?<!\w)\d{1,6}(?!\w)", word)
    }


def order_body(user_id: int, fresh: Any) -> dict[str, Any]:
    return {"user_id": user_id, "item": f"{fresh.item()} {fresh.token(6)}", "amount": fresh.number(100, 99_999)}


def post_order(service: Any, user_id: int, fresh: Any) -> dict[str, Any]:
    body = order_body(user_id, fresh)
    answer = service.post("/orders", body)
    expect(answer, 201, "An order of a user who exists is created: 201.")
    return {**body, "id": answer.json.get("id")}


def new_order(service: Any, database: Any, fresh: Any) -> dict[str, Any]:
    """An open order in the table, of a new user."""
    body = order_body(database.add_user(name=fresh.name(), email=fresh.email()), fresh)
    return {"id": database.add_order(**body), **body}


def status_of(database: Any, order: dict[str, Any]) -> str:
    return str(database.execute("SELECT status FROM orders WHERE id = ?", order["id"])[0][0])


def card(fresh: Any) -> str:
    return f"{fresh.number(10**11, 10**12 - 1)}1111"


def pay(service: Any, order: dict[str, Any], fresh: Any) -> Answer:
    return begin_pay(service, order, fresh).result()


def begin_pay(service: Any, order: dict[str, Any], fresh: Any) -> Future[Answer]:
    return service.begin("POST", f"/orders/{order['id']}/pay", json={"card_number": card(fresh)}, deadline=PATIENCE)


def told(logs: Any, event: str, order: dict[str, Any], cause: str) -> dict[str, Any]:
    """The record of what happened to this order."""
    record = logs.wait_for(lambda record: record.get("message") == event, f"`{event}`", cause=cause)
    assert record.get("order_id") == order["id"], f"`{event}` has to say which order: give it the field `order_id`."
    return record


def payments(downstream: Any) -> list[Received]:
    return [call for call in list(downstream.calls) if call.path == "/payments"]


def body_of(call: Received) -> dict[str, Any]:
    try:
        body = json.loads(call.body)
    except ValueError:
        return {}
    return {name: body[name] for name in ("order_id", "amount") if name in body} if isinstance(body, dict) else {}


def one_key(downstream: Any, order: dict[str, Any]) -> None:
    keys = {
        call.headers.get("idempotency-key")
        for call in payments(downstream)
        if body_of(call).get("order_id") == order["id"]
    }
    assert len(keys) == 1, TWO_KEYS
