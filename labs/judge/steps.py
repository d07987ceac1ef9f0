"""Steps that the checks of several labs take: make a row, wait, hold a lock, let a backing service fail, pay, look.

A step that fails raises CheckFailed with the cause that it was given: what a mistake means is for each lab to say.
"""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from labs.judge.client import Request, Response
from labs.judge.errors import CheckFailed
from labs.judge.fresh import Fresh
from labs.judge.service import ServiceUnderTest

if TYPE_CHECKING:  # what stands in for Redis takes a tenth of a second to import, and most labs have no use for it
    from labs.backing import CacheServer, Database, Downstream, Received

__all__ = [
    "MISSING",
    "SENT_AS_JSON",
    "STORING",
    "VALID_IDENT",
    "WRITING",
    "add_user",
    "answered_in_time",
    "assert_unlocked",
    "away",
    "begin",
    "begin_payment",
    "body_of",
    "calls_to",
    "card_number",
    "commits_blocked",
    "crash",
    "damage",
    "error_of",
    "fail_after_insert",
    "has_status",
    "head",
    "no_response_means",
    "pay",
    "start",
    "until",
    "user_body",
]

_Seen = TypeVar("_Seen")

MISSING = 987_654_321  # an id that nobody has
VALID_IDENT = re.compile(r"[A-Za-z0-9._-]{8,64}")  # all of a correlation id: `VALID_IDENT.fullmatch`
SENT_AS_JSON = {"Content-Type": "application/json"}  # headers, for a body that is given as bytes

# Names of Redis commands: those that may store a copy, and those with which a write may leave its mark.
STORING = frozenset({"SET", "SETEX", "PSETEX", "SETNX", "GETSET", "MSET", "HSET", "HMSET"})
WRITING = STORING | {"DEL", "UNLINK", "GETDEL", "INCR", "EXEC"}


# Users


def user_body(fresh: Fresh, **fields: Any) -> dict[str, Any]:
    """A body that `POST /users` accepts: fresh facts, or these."""
    return {"name": fresh.name(), "email": fresh.email(), "password": fresh.secret(), **fields}


def add_user(database: Database, fresh: Fresh, **fields: Any) -> dict[str, Any]:
    """Put a user into the table, past the service, with these columns set; their id, name and e-mail."""
    columns: dict[str, Any] = {"name": fresh.name(), "email": fresh.email(), "password_hash": fresh.secret(), **fields}
    return {"id": database.add_user(**columns), "name": columns["name"], "email": columns["email"]}


# Requests


def begin(service: ServiceUnderTest, request: Request) -> Future[Response]:
    """Send this request without waiting: `.result()` is its response."""
    return service.begin(
        request.method,
        request.path,
        json=request.json,
        body=request.body,
        headers=request.headers,
        deadline=request.deadline,
        partial=request.partial,
        gaps=request.gaps,
    )


@contextlib.contextmanager
def no_response_means(cause: str, *, expected: object = None) -> Iterator[None]:
    """Fail with this cause when a request in the block gets no response; `expected` says what should have come."""
    try:
        yield
    except CheckFailed as error:
        wanted = error.expected if expected is None else expected
        raise CheckFailed(cause, expected=wanted, got=error.got) from None


def answered_in_time(service: ServiceUnderTest, request: Request, cause: str) -> Response:
    """Send this request; its response. Fails with this cause when none comes before the request's deadline."""
    with no_response_means(cause):
        return service.send(request)


def start(service: ServiceUnderTest, cause: str, **environment: str | None) -> None:
    """Start the service with these variables changed; this cause, and what was said, when it does not start."""
    try:
        service.start(**environment)
    except CheckFailed as error:
        raise CheckFailed(f"{cause} ({error.cause})", expected=error.expected, got=error.got) from None


def crash(service: ServiceUnderTest, detail: str, *, secret: str = "", given: str = "") -> Response:
    """Have the service raise a RuntimeError with this text.

    `secret` is the value of a local variable where it is raised, `given` the correlation id that the caller sends.
    """
    headers = {"X-Correlation-ID": given} if given else {}
    return service.post("/drills/crash", {"detail": detail, "secret": secret}, headers=headers)


def fail_after_insert(fresh: Fresh, *, deadline: float = 3.0) -> Request:
    """A request that inserts a user and then fails on purpose."""
    body = {"name": fresh.name(), "email": fresh.email()}
    return Request("POST", "/drills/insert-and-fail", json=body, deadline=deadline)


# Responses


def has_status(status: int) -> Callable[[Response], bool]:
    """Whether a response has this status, as a question for `until`."""
    return lambda response: response.status == status


def error_of(response: Response) -> tuple[int, Any]:
    """The status and the code in `error`; None for the code when the body is not a JSON object that has one."""
    body = None
    with contextlib.suppress(CheckFailed):  # a crash may be plain text
        body = response.json
    return response.status, body.get("error") if isinstance(body, dict) else None


def head(response: Response) -> str:
    """The status and every header, one on a line."""
    lines = [f"{response.status} {response.reason}", *(f"{name}: {value}" for name, value in response.headers)]
    return "\n".join(lines)


# Waiting


def until(look: Callable[[], _Seen], good: Callable[[_Seen], object], timeout: float, *, pause: float = 0.02) -> _Seen:
    """What `look` sees as soon as it is good; what it sees last when `timeout` seconds are over."""
    deadline = time.monotonic() + timeout
    while not good(seen := look()) and time.monotonic() < deadline:
        time.sleep(pause)
    return seen


# Backing services


@contextlib.contextmanager
def away(*backings: CacheServer | Database | Downstream, fault: Literal["down", "hang"] = "down") -> Iterator[None]:
    """Have these backing services down, or hanging, until the block ends, however it ends.

    A service whose backing services hang is slow to stop.
    """
    try:
        for backing in backings:
            getattr(backing, fault)()
        yield
    finally:
        for backing in backings:
            backing.up()


@contextlib.contextmanager
def commits_blocked(database: Database) -> Iterator[None]:
    """Read from the database's file until the block ends: others can insert, and none can commit."""
    with contextlib.closing(sqlite3.connect(database.path, timeout=5, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM users").fetchall()
        yield
        reader.execute("ROLLBACK")


def assert_unlocked(database: Database, cause: str) -> None:
    """Fail with this cause unless somebody else can write: no transaction of the service is open."""
    with contextlib.closing(sqlite3.connect(database.path, timeout=2.5, isolation_level=None)) as other:
        try:
            other.execute("BEGIN EXCLUSIVE")
            other.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            raise CheckFailed(cause, expected="a file that others can write to", got=str(error)) from None


def damage(database: Database, table: str, column: str, ids: Iterable[int], *, key: str = "id") -> None:
    """Put a byte that is not UTF-8 behind this column of the rows with these ids (in the column `key`).

    SQLite sorts, joins and counts such a row, and no driver can load it.
    """
    damaged = f"CAST(CAST({column} AS BLOB) || x'ff' AS TEXT)"
    database.execute_many(f"UPDATE {table} SET {column} = {damaged} WHERE {key} = ?", [(number,) for number in ids])  # noqa: S608


# Payments and other calls downstream


def card_number(fresh: Fresh, *, good: bool = True) -> str:
    """The number of a card that is good, or of one that is declined."""
    return f"{fresh.number(10**11, 10**12 - 1)}{'1111' if good else '0002'}"


def begin_payment(
    service: ServiceUnderTest,
    order: Mapping[str, Any],
    fresh: Fresh,
    *,
    headers: Mapping[str, str] | None = None,
    deadline: float = 8.0,
) -> Future[Response]:
    """Pay this order with a good card, without waiting: `.result()` is the response."""
    body = {"card_number": card_number(fresh)}
    return service.begin("POST", f"/orders/{order['id']}/pay", json=body, headers=headers or {}, deadline=deadline)


def pay(service: ServiceUnderTest, order: Mapping[str, Any], fresh: Fresh, **options: Any) -> Response:
    """Pay this order with a good card; the response. Options as for `begin_payment`."""
    return begin_payment(service, order, fresh, **options).result()


def calls_to(downstream: Downstream, path: str) -> list[Received]:
    """The calls for this path that have arrived, in their order."""
    return [call for call in list(downstream.calls) if call.path == path]


def body_of(call: Received, *names: str) -> dict[str, Any]:
    """These members of a call's JSON body, as far as they are there; none when it is not a JSON object."""
    try:
        body = json.loads(call.body)
    except ValueError:
        return {}
    return {name: body[name] for name in names if name in body} if isinstance(body, dict) else {}
