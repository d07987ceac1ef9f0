"""Rows, written behind the service's back, and how a list of them is read and shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from labs.judge import Database, Fresh

START = datetime(2026, 3, 1, 9, tzinfo=UTC)

COLUMNS = {
    "users": ("id", "name", "email", "password_hash", "created_at"),
    "orders": ("id", "user_id", "item", "amount", "status", "created_at"),
}

Row = dict[str, Any]


def add_users(database: Database, fresh: Fresh, count: int, *, moments: int = 0) -> list[Row]:
    """Put users into the table who registered in another order than that of their ids; the rows in the list's order.

    `moments`: at how many different times they registered; 0 for a time of each one's own.
    """
    facts = [{"name": fresh.name(), "email": fresh.email(), "password_hash": fresh.secret()} for _ in range(count)]
    return _add(database, fresh, "users", facts, moments)


def add_orders(
    database: Database, fresh: Fresh, count: int, *, moments: int = 0, owners: Sequence[int] = (1, 2, 3)
) -> list[Row]:
    """Put orders of these owners into the table, two fifths of them paid; the rows in the list's order.

    `moments` as for users. Without users in the table it gets three.
    """
    if not database.execute("SELECT 1 FROM users LIMIT 1"):
        add_users(database, fresh, 3)
    facts = [
        {
            "user_id": owners[fresh.number(0, len(owners) - 1)],
            "item": fresh.item(),
            "amount": fresh.number(100, 99_999),
            "status": "paid" if n % 5 in (1, 3) else "open",
        }
        for n in range(count)
    ]
    return _add(database, fresh, "orders", facts, moments)


def stamp(moment: datetime) -> str:
    """A time as most services write it into a text column: with six digits, so that it is the same text both ways."""
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def ids(items: Sequence[Any]) -> list[Any]:
    """The ids of these rows, or of the items on a page."""
    return [item["id"] for item in items]


def listing(numbers: Sequence[Any], rows: Sequence[Row]) -> str:
    """Ids as a learner reads them: a line for each moment. Equal for equal ids only."""
    times = {row["id"]: row["created_at"][11:19] for row in rows}
    lines: list[str] = []
    for number in numbers:
        time = times.get(number, "?")
        if lines and lines[-1].startswith(time):
            lines[-1] += f", {number}"
        else:
            lines.append(f"{time:8}  id {number}")
    return "\n".join(lines) or "(no rows)"


def _add(database: Database, fresh: Fresh, table: str, facts: list[Row], moments: int) -> list[Row]:
    """Write rows with these facts, each at its own time or at one of so many moments; newest first, as listed."""
    shuffled = sorted(range(len(facts)), key=lambda _: fresh.number(0, 10**9))
    rows: list[Row] = []
    for n, fact in enumerate(facts):
        place = n % moments if moments else shuffled[n]
        rows.append({"id": n + 1, **fact, "created_at": stamp(START + timedelta(minutes=place))})
    columns = COLUMNS[table]
    sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    database.execute_many(sql, [tuple(row[name] for name in columns) for row in rows])
    return sorted(rows, key=lambda row: (row["created_at"], row["id"]), reverse=True)
