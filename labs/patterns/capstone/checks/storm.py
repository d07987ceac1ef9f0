"""The storm: outages, alone and all at once, in which nothing is lost, promised too early or taken for a bug."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import Any

import pytest

from labs.judge import (
    CheckFailed,
    Request,
    Response,
    ScriptedReply,
    add_user,
    away,
    begin_payment,
    commits_blocked,
    crash,
    create_user,
    pay,
    until,
)

from .audit import audit_log, audit_tables, pay_the_rest, rename_everybody
from .steps import (
    BACK,
    HOLDS_A_LOCK,
    LIVE,
    NO_OUTAGE,
    PATIENCE,
    ROW_OF_A_REFUSED,
    assert_error,
    assert_found,
    assert_one_key,
    expect,
    expect_soon,
    new_order,
    order_body,
    put,
    status_of,
)
from .traffic import Storm

STUCK = 4.0  # seconds within which whoever needs a stuck database is told that it is away

LEFT_OPEN = (
    "The client was told that its change failed, and the transaction was not over: it stayed open, with its lock, and "
    "was committed later, perhaps by another request. Either its COMMIT failed and nobody rolled back (`async with "
    "sessions.begin()` does, a bare `session.commit()` doesn't), or somebody stopped waiting for a COMMIT that went on "
    "(a shielded one, a task): only the driver's own time-out ends both sides."
)


@pytest.mark.check(level="medium", after="test_error_from_a_middleware")
def test_database_away(service, database, downstream, logs, fresh):
    """While the database is away, what needs it is a 503 and nothing else is touched; once it is back, all works."""
    order = new_order(database, fresh)
    downstream.default = ScriptedReply(json={"price": 100})
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
            response = service.request(method, path, json=json_body, headers={**key, "X-Correlation-ID": ident})
            expect(response, 503, why_not_503(response, f"{method} {path}"))
            assert_error(response, 503, ident)
            logs.wait_for(
                lambda record, ident=ident: record.get("correlation_id") == ident and "stack" in record,
                "the id and a stack",
                cause=(
                    "A 503 because of the database is not in the log with its stack: the caller is told little, "
                    "so the log has to say why."
                ),
            )
        for path in ("/about", LIVE, f"/quotes/{fresh.token()}"):
            expect(service.get(path), 200, f"`{path}` needs no database, and fails with it.")
    expect_soon(
        lambda: service.post("/orders", body),
        201,
        "The database is back, and orders still can't be created. Nothing may need a restart.",
    )
    rows = database.execute("SELECT count(*) FROM orders WHERE item = ?", body["item"])
    assert rows == [(1,)], "An order that was answered with 503 is in the table."


@pytest.mark.check(level="medium", after=("test_database_away", "test_a_users_life"))
def test_a_bug_is_no_outage(service, database, fresh):
    """A crash is a 500, whether or not the database is away; a row that the database refuses is not a 503."""
    for broken in (False, True):
        with away(database) if broken else contextlib.nullcontext():
            responses = [crash(service, fresh.token()), service.get("/drills/bad-response")]
        for response in responses:
            expect(response, 500, NO_OUTAGE)
    user_id = add_user(database, fresh)["id"]
    database.execute("CREATE TRIGGER kept BEFORE DELETE ON users BEGIN SELECT RAISE(ABORT, 'users are kept'); END")
    response = service.delete(f"/users/{user_id}")
    if response.status < 400 or response.status == 503:
        raise CheckFailed(
            "The database is well and refuses a change (a trigger, an `IntegrityError`): trying again won't help, so "
            "it is not a 503. Not every error of SQLAlchemy means “away”.",
            expected=500,
            got=response,
        )


@pytest.mark.check(level="hard", after="test_database_away")
def test_stuck_is_away(service, database, fresh):
    """A stuck database counts as away: 503 within four seconds, for many requests at once, and no row of theirs."""
    order = new_order(database, fresh)
    slowest = PATIENCE
    refused: set[str] = set()
    for _ in range(2):  # on a busy machine the first may be late
        bodies = [order_body(order["user_id"], fresh) for _ in range(4)]
        refused |= {body["item"] for body in bodies}
        requests = [Request("POST", "/orders", json=body, deadline=PATIENCE + STUCK) for body in bodies]
        requests += [Request("GET", f"/orders/{order['id']}", deadline=PATIENCE + STUCK)] * 4
        with away(database, fault="hang"):
            responses = service.together(requests)
        for response in responses:
            expect(response, 503, why_not_503(response, f"{response.request.method} {response.request.path}"))
        slowest = min(slowest, max(response.seconds for response in responses))
        if slowest < STUCK:
            break
    assert slowest < STUCK, (
        "The database was locked, and callers waited for it too long. SQLite's driver waits five seconds for a lock "
        'unless it is told otherwise (`connect_args={"timeout": …}`), and the pool thirty for a connection '
        "(`pool_timeout`)."
    )
    body = order_body(order["user_id"], fresh)
    expect_soon(
        lambda: service.post("/orders", body),
        201,
        "The database is no longer stuck, and orders still can't be created.",
    )
    left = {item for (item,) in database.execute("SELECT item FROM orders")} & refused
    assert left == set(), ROW_OF_A_REFUSED


@pytest.mark.check(level="expert", after=("test_database_away", "test_a_users_life"))
def test_refused_commit(service, database, fresh):
    """A change whose commit does not get through is either done and a 200, or not done and an error."""
    user = create_user(service, fresh)
    assert_found(service, user, "The user was created and is not found.")
    changed = user | {"name": fresh.name()}
    with commits_blocked(database):
        response = put(service, changed, deadline=PATIENCE)
    for _ in range(3):  # who still wants to commit, can now; and nothing is left locked
        expect_soon(lambda: service.post("/orders", order_body(user["id"], fresh)), 201, LEFT_OPEN)
    row = database.execute("SELECT name FROM users WHERE id = ?", user["id"])[0][0]
    if response.status >= 300:
        expect(response, 503, why_not_503(response, "PUT /users/{id}"))
        assert row == user["name"], LEFT_OPEN
        assert_found(service, user, "The change failed, and a read answers it: a copy was stored before the commit.")
    else:
        assert row == changed["name"], "The client was told 200, and the change is not in the table."


@pytest.mark.check(level="expert", after=("test_database_away", "test_paid"))
def test_paid_and_not_recorded(service, database, downstream, fresh):
    """Downstream has taken the money and it can't be recorded: 503, still open, and the next try has the same key."""
    order = new_order(database, fresh)
    downstream.hang()
    paying = begin_payment(service, order, fresh)
    downstream.wait_for_calls(1)
    try:
        with away(database):
            downstream.up()
            response = paying.result()
    except sqlite3.OperationalError:
        downstream.up()
        raise CheckFailed(HOLDS_A_LOCK, expected="a database that others can lock", got="it is locked") from None
    expect(response, 503, why_not_503(response, "POST /orders/{id}/pay"))
    assert status_of(database, order) != "paid", "The answer was 503, and the order is paid."
    again = until(lambda: pay(service, order, fresh), lambda response: response.status < 500, BACK)
    expect(
        again,
        200,
        "The database is back. Paying again has to end in a paid order: "
        "downstream knows the key and answers what it answered then.",
    )
    assert status_of(database, order) == "paid", "The answer says paid, and the table does not."
    assert_one_key(downstream, order)


@pytest.mark.check(
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
    """Two hundred requests while everything fails and comes back: nothing lost, no wrong answer, no restart."""
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
    rename_everybody(storm)
    audit_tables(storm)
    pay_the_rest(storm)
    audit_log(storm, logs)


def why_not_503(response: Response, asked: str) -> str:
    """Why a request that needs the database was not answered with 503 while that is away."""
    if response.status == 404:
        return (
            f"The database is away, and `{asked}` says that there is no such thing: "
            "an error while looking is not a “not found”."
        )
    if response.status == 500:
        return (
            f"The database is away, and `{asked}` is a 500, as if it were a bug. `outage` has to know the errors that "
            "mean “away”: SQLAlchemy's `DBAPIError` (all but the bugs among them), "
            "its `TimeoutError` of the pool, and `OSError`."
        )
    return f"The database is away, so `{asked}` is a 503."
