"""What the checks of several exercises do, and how they look at what came of it."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable
from typing import Any

from labs.judge import CheckFailed, Request, Response

MISSING = 987_654_321  # an id that nobody has


def fail_after_insert(fresh: Any, deadline: float = 3.0) -> Request:
    return Request(
        "POST",
        "/drills/insert-and-fail",
        json={"name": fresh.name(), "email": fresh.email()},
        deadline=deadline,
    )


def answered_in_time(service: Any, request: Request, cause: str) -> Response:
    """Send it; no answer at all has this cause."""
    try:
        return service.send(request)
    except CheckFailed as error:
        raise CheckFailed(cause, expected="an answer", got=error.got) from None


def eventually(look: Callable[[], Any], good: Callable[[Any], bool], timeout: float = 2.5) -> Any:
    """What `look` sees, as soon as it is good; what it sees last when it never is."""
    deadline = time.monotonic() + timeout
    while not good(seen := look()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return seen


def assert_unlocked(database: Any, cause: str) -> None:
    """Somebody else can write."""
    with contextlib.closing(sqlite3.connect(database.path, timeout=2.5, isolation_level=None)) as other:
        try:
            other.execute("BEGIN EXCLUSIVE")
            other.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            raise CheckFailed(cause, expected="a file that others can write to", got=str(error)) from None
