"""Users and orders as these checks put them into the table and send them, and requests that meet a transaction."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Sequence
from typing import Any

from labs.judge import Database, Fresh, Request, Response, ServiceUnderTest, begin

PATIENCE = 8.0  # seconds for a response where its lateness is not the subject
REFUSED = ((409, "CONFLICT"), (503, "UNAVAILABLE"))  # some ways to lock make the loser try again
OWNERS = (("users", "id"), ("orders", "user_id"))  # the tables, and the column in each that says whose a row is

NOT_COMMITTED = (
    "The answer was 201, and the row is not in the table: it was flushed, and nobody committed. `flush` sends the "
    "statement, `commit` makes it true."
)


def put_body(fresh: Fresh, *, email: str = "") -> dict[str, str]:
    """A body that `PUT /users/{id}` accepts: a new name, and this e-mail or a new one."""
    return {"name": fresh.name(), "email": email or fresh.email()}


def shown(user: dict[str, Any]) -> tuple[Any, Any]:
    """What a user shows to others: name and e-mail."""
    return user.get("name"), user.get("email")


def everybody(database: Database) -> list[tuple[Any, ...]]:
    """The name and the e-mail of every user in the table."""
    return database.execute("SELECT name, email FROM users ORDER BY id")


def add_order(database: Database, fresh: Fresh, user: dict[str, Any], minute: int) -> int:
    """Put an order of this user and this minute into the table; its id."""
    order_id = database.add_order(user_id=user["id"], item=fresh.item(), amount=fresh.number(1, 9_999))
    database.execute("UPDATE orders SET created_at = ? WHERE id = ?", f"2026-03-01 09:{minute:02}:00.000", order_id)
    return order_id


def how_long(started: float) -> float:
    """Seconds after which a request like the one that began then must have looked, and stands before its write."""
    return max(0.05, min(1.0, 4 * (time.monotonic() - started)))


def meanwhile(
    service: ServiceUnderTest,
    database: Database,
    statements: Sequence[tuple[str, tuple[Any, ...]]],
    requests: Sequence[Request],
    patience: float,
) -> list[Response]:
    """Send these requests while somebody else's transaction is open, and commit that when they wait for it.

    What the requests read, they read before that commit; what they write comes after it. `patience` is how many
    seconds they get until they wait; those that don't are done earlier.
    """
    with contextlib.closing(sqlite3.connect(database.path, timeout=5, isolation_level=None)) as other:
        other.execute("PRAGMA synchronous = OFF")
        other.execute("BEGIN IMMEDIATE")
        for sql, values in statements:
            other.execute(sql, values)
        waiting = [begin(service, request) for request in requests]
        end = time.monotonic() + patience
        while time.monotonic() < end and not all(future.done() for future in waiting):
            time.sleep(0.01)
        other.execute("COMMIT")
    return [future.result() for future in waiting]
