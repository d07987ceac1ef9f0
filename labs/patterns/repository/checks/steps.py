"""What the checks of several exercises do, and how they look at what came of it."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Sequence
from typing import Any

from labs.judge import CheckFailed, Request, Response, ServiceUnderTest

User = dict[str, Any]

MISSING = 987_654_321  # an id that nobody has

# A byte that is no UTF-8: SQLite sorts, joins and counts such a row, and no driver can load it.
DAMAGE = "UPDATE {table} SET {column} = CAST(CAST({column} AS BLOB) || x'ff' AS TEXT) WHERE {key} = ?"

REFUSED = ((409, "CONFLICT"), (503, "UNAVAILABLE"))  # some ways to lock make the loser try again

OWNERS = (("users", "id"), ("orders", "user_id"))

NOT_COMMITTED = (
    "The answer was 201, and the row is not in the table: it was flushed, and nobody committed. `flush` sends the statement, "
    "`commit` makes it true."
)


def shown(user: Any) -> tuple[Any, Any]:
    """What a user shows to others."""
    return user.get("name"), user.get("email")


def told(response: Response) -> tuple[int, Any]:
    """The status and the error's code."""
    with contextlib.suppress(ValueError):  # a crash may be plain text
        body = json.loads(response.body)
        return response.status, body.get("error") if isinstance(body, dict) else None
    return response.status, None


def new_user(fresh: Any, *, email: str = "", put: bool = False) -> User:
    """A body for POST /users, or for PUT."""
    body = {"name": fresh.name(), "email": email or fresh.email()}
    return body if put else {**body, "password": fresh.secret()}


def add_user(database: Any, fresh: Any) -> User:
    user = {"name": fresh.name(), "email": fresh.email()}
    return {"id": database.add_user(**user), **user}


def add_order(database: Any, fresh: Any, user: User, minute: int) -> int:
    """An order of this minute; its id."""
    order_id = database.add_order(user_id=user["id"], item=fresh.item(), amount=fresh.number(1, 9_999))
    database.execute("UPDATE orders SET created_at = ? WHERE id = ?", f"2026-03-01 09:{minute:02}:00.000", order_id)
    return int(order_id)


def everybody(database: Any) -> list[tuple[str, str]]:
    return list(database.execute("SELECT name, email FROM users ORDER BY id"))


def begin(service: ServiceUnderTest, request: Request) -> Any:
    return service.begin(request.method, request.path, json=request.json, deadline=request.deadline)


def how_long(started: float) -> float:
    """How long to wait until a request like the one that began then must have looked, and stands before its write."""
    return max(0.05, min(1.0, 4 * (time.monotonic() - started)))


def meanwhile(
    service: ServiceUnderTest,
    database: Any,
    statements: Sequence[tuple[str, tuple[Any, ...]]],
    requests: Sequence[Request],
    patience: float,
) -> list[Response]:
    """Send these while somebody else's transaction is open, and commit that when they wait for it.

    What the requests read, they read before that commit; what they write comes after it.
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


def assert_unlocked(database: Any, cause: str) -> None:
    """Somebody else can write."""
    with contextlib.closing(sqlite3.connect(database.path, timeout=2.5, isolation_level=None)) as other:
        try:
            other.execute("BEGIN EXCLUSIVE")
            other.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            raise CheckFailed(cause, expected="a file that others can write to", got=str(error)) from None
