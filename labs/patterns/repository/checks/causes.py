"""Likely causes: what a failed check tells the learner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from labs.judge import Logs, Response

NOBODY_CATCHES = (
    "The database refused the e-mail (`IntegrityError`), and nobody translated it: `flush` inside a `try`, and raise "
    "`ConflictError`. Without a flush of your own the statement is sent by the commit, outside of the `try`."
)


def why_not_created(response: Response, logs: Logs) -> str:
    """Why something that fits was not created; empty when it was."""
    if response.status == 201:
        return ""
    return expired(logs) or "It was asked for properly, and has to be created: 201."


def why_not_updated(response: Response, logs: Logs) -> str:
    """Why a change of a user who is there was not answered with 200."""
    if response.status == 409:
        return (
            "A user who keeps their e-mail, and changes only the name, was told that the address is taken: by "
            "themselves. A SELECT for the address finds the user's own row; the constraint does not."
        )
    if "NOT NULL" in crashed(logs):
        return (
            "PUT writes a column that it was not given, and this one may not be empty: "
            "change two attributes of the row that is there."
        )
    return expired(logs) or "This user is there, and can be changed: 200."


def why_no_conflict(method: str, response: Response, logs: Logs) -> str:
    """Why an e-mail that is taken was not answered with 409."""
    if response.status in (200, 201):
        return (
            f"The e-mail is taken, and `{method}` was answered with {response.status}: nothing was stored under it, so "
            "nobody may be told that it was."
        )
    text = crashed(logs)
    if "PendingRollbackError" in text or "Can't operate on closed transaction" in text:
        return (
            "After the failed flush the session was used again, but that transaction is over. Raise `ConflictError`, "
            "and let the unit of work roll back."
        )
    if "IntegrityError" in text:
        return NOBODY_CATCHES
    return "The e-mail is taken: that is 409, and `CONFLICT` in the body."


def why_too_late(response: Response, logs: Logs) -> str:
    """Why an e-mail that somebody else took meanwhile was not answered with 409."""
    if response.status in (200, 201):
        return f"Somebody else has this e-mail, and the answer was {response.status}."
    if "IntegrityError" in crashed(logs):
        return (
            "The address was free when you looked, and taken when you wrote: somebody else was faster. A look before "
            "the write (and a lock in your process) can't prevent that. Write, and translate the `IntegrityError`."
        )
    return (
        locked(logs) or "Somebody else was faster with this e-mail: that is a 409, as if it had been taken for years."
    )


def why_no_import(logs: Logs) -> str:
    """Why an import of new people was not stored."""
    text = crashed(logs)
    if any(words in text for words in ("already flushing", "concurrent operations are not", "IllegalStateChangeError")):
        return (
            "Several tasks use one session at once, and it says so. `gather` and a session don't go together: one "
            "after the other, in one unit of work."
        )
    if "database is locked" in text or "QueuePool limit" in text:
        return (
            "The import got in its own way: it writes in several transactions at once, "
            "which wait for each other. One unit of work."
        )
    return expired(logs) or "Everybody in this list is new, so the import has to be stored: 201."


def why_no_list(logs: Logs) -> str:
    """Why a list was not answered with 200."""
    return not_loaded(logs) or "This list has to be answered with 200."


def why_customers(got: list[tuple[Any, list[Any]]], wanted: list[tuple[Any, list[Any]]]) -> str:
    """Why these customers are not the wanted ones: on both sides the user's id, and the ids of their orders."""
    users, expected = [user for user, _ in got], [user for user, _ in wanted]
    if len(set(users)) < len(users):
        return (
            "A customer comes once for each of their orders: "
            "the joined rows have to be put together again (`unique()`)."
        )
    missing = [orders for user, orders in wanted if user not in users]
    if missing and not any(missing):
        return (
            "Customers are missing, those without orders: an inner join drops them. "
            "It takes an outer one, or a second query."
        )
    if missing and len(users) < len(expected):
        return "Customers are missing: a `LIMIT` on joined rows counts rows, not customers."
    if users != expected:
        return "These are not the newest users: `created_at` descending, then `id` descending, and `limit` of them."
    if any(sorted(orders) != sorted(right) for (_, orders), (_, right) in zip(got, wanted, strict=True)):
        return (
            "A customer does not have all of their orders, and only theirs: "
            "a `LIMIT` on joined rows cuts the last one short."
        )
    return "A customer's orders have to come oldest first: `created_at` ascending, then `id`."


def why_not_deleted(logs: Logs) -> str:
    """Why a user who is there was not deleted."""
    text = crashed(logs)
    if "FOREIGN KEY constraint failed" in text or "NOT NULL constraint failed" in text:
        return "The database refused to delete the user because of the orders: they have to go with the user."
    return not_loaded(logs) or "This user is there, and can be deleted: 204."


def why_orphans(responses: Sequence[Response]) -> str:
    """Why there are orders of users who are gone, after these responses to those who ordered."""
    some = sum(response.status == 201 for response in responses)
    cause = (
        "The user was there when you looked, and gone when the order was inserted: somebody else was faster, and the "
        "order belongs to nobody."
    )
    if 0 < some < len(responses):
        return (
            f"{cause} Some of the connections refused it, so foreign keys are on for these and not for others: "
            '`PRAGMA foreign_keys = ON` holds for one connection. Run it in the event `"connect"`.'
        )
    return (
        f"{cause} Foreign keys have to be enforced on every connection: `PRAGMA foreign_keys = ON`, in the event "
        '`"connect"`.'
    )


def crashed(logs: Logs) -> str:
    """The log with the tracebacks, which are written after the response."""
    logs.complete()
    return logs.text


def locked(logs: Logs) -> str:
    """The cause when a transaction was refused because of another one; empty otherwise."""
    if "database is locked" not in crashed(logs):
        return ""
    return (
        "A transaction was refused (`database is locked`): it had read, somebody else wrote, and then it wanted to "
        "write, too. One that is going to write begins with `BEGIN IMMEDIATE`, or with its write; two sessions in one "
        "request wait for each other in vain."
    )


def expired(logs: Logs) -> str:
    """The cause when an object was read after its commit; empty otherwise."""
    text = crashed(logs)
    if "MissingGreenlet" in text or "DetachedInstanceError" in text:
        return (
            "An object was read after the commit, which had expired it: SQLAlchemy would load it again now, and an "
            "async session can't. `expire_on_commit=False` keeps what is loaded."
        )
    return ""


def not_loaded(logs: Logs) -> str:
    """The cause when a relation was read that had not been loaded; empty otherwise."""
    text = crashed(logs)
    if "MissingGreenlet" in text or "DetachedInstanceError" in text:
        return (
            "A relation that was not loaded was touched. SQLAlchemy would load it now, and an async session can't: "
            "load it with the query (`selectinload`), or ask for it."
        )
    return ""
