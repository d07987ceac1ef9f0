"""One session, one transaction: what succeeds is kept, what fails leaves nothing, and nothing is shared."""

from __future__ import annotations

import time

import pytest

from labs.judge import (
    MISSING,
    Request,
    add_user,
    answered_in_time,
    assert_unlocked,
    begin,
    create_order,
    fail_after_insert,
)

from .causes import locked, why_not_created
from .steps import NOT_COMMITTED, PATIENCE, how_long

FAILURES = 16  # one more than SQLAlchemy's pool holds

NOT_GIVEN_BACK = (
    "After a number of units of work, failed ones among them, the service has run out of connections: sessions are not "
    "given back. Close the session on every path: `async with`, or `try`/`finally`."
)

SHARED = (
    "Units of work that overlapped got in each other's way: they share a session, and with it a transaction. Make a "
    "session when the unit begins; only the engine is shared."
)


@pytest.mark.check(level="easy")
def test_work_is_kept(service, database, fresh, logs):
    """What was answered with 201 is in the table, and survives a restart."""
    user = add_user(database, fresh)
    body = {"user_id": user["id"], "item": fresh.item(), "amount": fresh.number(1, 99_999)}
    response = service.post("/orders", body)
    assert response.status == 201, why_not_created(response, logs)
    got = {name: response.json.get(name) for name in (*body, "status")}
    assert got == {**body, "status": "open"}, "The answer has to be the order that was created."
    rows = database.execute("SELECT user_id, item, amount FROM orders WHERE id = ?", response.json.get("id"))
    assert rows == [tuple(body.values())], NOT_COMMITTED
    service.start()
    path = f"/orders/{response.json['id']}"
    again = service.get(path)
    assert again.status == 200, "The order is in the table, and after a restart the service does not find it."
    assert service.get(f"/orders/{MISSING}").status == 404, (
        "There is no such order: `NotFoundError` is raised in the block, and that is a 404. Whoever catches it there, "
        "to roll back, raises it again."
    )


@pytest.mark.check(level="medium", after="test_work_is_kept")
def test_failure_leaves_nothing(service, database, fresh):
    """A unit of work that fails leaves neither a row nor a lock, and the caller is told."""
    user = add_user(database, fresh)
    for _ in range(3):
        response = service.send(fail_after_insert(fresh))
        assert response.status == 500, (
            "The unit of work raised an exception, and the caller was not told: `unit_of_work` swallows it. "
            "Roll back, and let it through."
        )
        assert_unlocked(
            database,
            "The unit of work has failed, and its transaction is still open: nobody else can write. Close the session "
            "on every path: `async with`, or `try`/`finally` around the `yield`.",
        )
    create_order(service, fresh, user_id=user["id"])
    names = [name for (name,) in database.execute("SELECT name FROM users ORDER BY id")]
    assert names == [user["name"]], (
        "A unit of work failed and left its row: it was committed all the same. A `commit` in `finally` runs after an "
        "error, too, and an engine in AUTOCOMMIT has no transaction at all; "
        "a session that is shared commits what the unit before it left."
    )


@pytest.mark.check(level="medium", after="test_failure_leaves_nothing")
def test_sessions_are_given_back(service, database, fresh):
    """After many units of work, failed ones among them, there are connections for the next."""
    order = create_order(service, fresh, user_id=add_user(database, fresh)["id"])
    for _ in range(FAILURES):
        answered_in_time(service, fail_after_insert(fresh), NOT_GIVEN_BACK)
        answered_in_time(service, Request("GET", f"/orders/{MISSING}"), NOT_GIVEN_BACK)
    response = answered_in_time(service, Request("GET", f"/orders/{order['id']}"), NOT_GIVEN_BACK)
    assert response.status == 200, NOT_GIVEN_BACK


@pytest.mark.check(level="hard", after="test_failure_leaves_nothing")
def test_units_overlap(service, database, fresh, logs):
    """Units of work that overlap share nothing: those that succeed are kept, those that fail leave nothing."""
    user = add_user(database, fresh)
    orders = [{"user_id": user["id"], "item": fresh.item(), "amount": fresh.number(1, 9_999)} for _ in range(4)]
    good = [Request("POST", "/orders", json=order, deadline=PATIENCE) for order in orders]
    bad = [fail_after_insert(fresh, deadline=PATIENCE) for _ in range(2)]
    service.get(f"/orders/{MISSING}")
    started = time.monotonic()
    service.get(f"/orders/{MISSING}")
    patience = max(0.1, 2 * how_long(started))
    database.hang()  # so that all of them are under way at the same time
    try:
        mixed = [request for pair in zip(good, bad, strict=False) for request in pair] + good[len(bad) :]
        waiting = {id(request): begin(service, request) for request in mixed}
        time.sleep(patience)
    finally:
        database.up()
    for request in mixed:
        response = waiting[id(request)].result()
        assert response.status == (500 if request in bad else 201), locked(logs) or SHARED
        if request in good:
            assert response.json.get("item") == request.json["item"], SHARED
    items = {item for (item,) in database.execute("SELECT item FROM orders")}
    assert items == {order["item"] for order in orders}, SHARED
    assert database.execute("SELECT name FROM users") == [(user["name"],)], SHARED
