"""Let the database decide: no order without its user, even while somebody else deletes or orders."""

from __future__ import annotations

import time

import pytest

from labs.judge import MISSING, Database, Request, add_user, create_order, error_of

from .causes import locked, why_not_deleted, why_orphans
from .steps import OWNERS, PATIENCE, add_order, how_long, meanwhile


@pytest.mark.check(level="medium")
def test_orders_go_with_their_user(service, database, fresh, logs):
    """A user who is deleted is gone with all of their orders and nobody else's; one who is not there is a 404."""
    ada, bob = add_user(database, fresh), add_user(database, fresh)
    for user in (ada, bob, ada):
        add_order(database, fresh, user, 10)
    response = service.delete(f"/users/{ada['id']}")
    assert response.status == 204, why_not_deleted(logs)
    left = {name: database.execute(f"SELECT {column} FROM {name}") for name, column in OWNERS}
    assert ada["id"] not in [key for (key,) in left["users"]], (
        "The deletion was answered with 204, and the user is still there: not deleted, or not committed."
    )
    assert ada["id"] not in [key for (key,) in left["orders"]], (
        "The user is gone, and their orders are still there. The table says `ON DELETE CASCADE`, and SQLite only does "
        'it on connections that have said `PRAGMA foreign_keys = ON`: in the event `"connect"`, by a plain `def` '
        "(nobody awaits an `async` one)."
    )
    assert left == {"users": [(bob["id"],)], "orders": [(bob["id"],)]}, (
        "Somebody else's rows went with the user: the DELETE needs its `WHERE`."
    )
    for user_id in (ada["id"], MISSING):
        response = service.delete(f"/users/{user_id}")
        assert error_of(response) == (404, "NOT_FOUND"), (
            "There is nobody to delete: that is a 404. A DELETE that finds no row says so only in its `rowcount`."
        )


@pytest.mark.check(level="expert", after="test_orders_go_with_their_user")
def test_no_order_for_somebody_gone(service, database, fresh, logs):
    """Somebody else deletes users while orders for them are under way: 404, and no order without its user."""
    users = [add_user(database, fresh) for _ in range(3)]
    service.get(f"/users/{MISSING}")
    started = time.monotonic()
    create_order(service, fresh, user_id=add_user(database, fresh)["id"])
    patience = how_long(started)
    requests = [
        Request("POST", "/orders", json={"user_id": user["id"], "item": fresh.item(), "amount": 100}, deadline=PATIENCE)
        for user in users
    ]
    deletions = [("DELETE FROM users WHERE id = ?", (user["id"],)) for user in users]
    responses = meanwhile(service, database, deletions, requests, patience)
    assert orphans(database) == [], why_orphans(responses)
    for response in responses:
        assert response.status in (404, 503), locked(logs) or (
            "The user was deleted while the order was under way, and the database refused it: "
            "for the caller that is a 404."
        )


@pytest.mark.check(level="expert", after="test_orders_go_with_their_user")
def test_no_order_is_left_behind(service, database, fresh, logs):
    """An order comes while its user is being deleted: no order without its user is left."""
    user, other = add_user(database, fresh), add_user(database, fresh)
    add_order(database, fresh, user, 10)
    service.get(f"/users/{MISSING}")
    started = time.monotonic()
    assert service.delete(f"/users/{other['id']}").status == 204, "A user can be deleted."
    patience = how_long(started)
    [response] = meanwhile(
        service,
        database,
        [("INSERT INTO orders (user_id, item, amount) VALUES (?, ?, 100)", (user["id"], fresh.item()))],
        [Request("DELETE", f"/users/{user['id']}", deadline=PATIENCE)],
        patience,
    )
    assert orphans(database) == [], (
        "An order that came while its user was being deleted is left, and belongs to nobody: the orders were looked up "
        "first and deleted one by one. Delete by `WHERE user_id = …`, "
        "or leave it to `ON DELETE CASCADE` with foreign keys enforced."
    )
    assert response.status in (204, 503), locked(logs) or "Somebody else's order is no reason not to delete the user."


def orphans(database: Database) -> list[tuple[int, int]]:
    """The ids of orders whose user is not there, each with that user's id."""
    rows = database.execute("SELECT id, user_id FROM orders WHERE user_id NOT IN (SELECT id FROM users)")
    return [(number, user_id) for number, user_id in rows]
