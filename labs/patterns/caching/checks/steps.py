"""Users as these checks write, send and read them, and their copies in Redis.

A hit is proved by changing the row behind the service's back: whoever still answers the old value did not look.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

from labs.judge import CacheServer, CheckFailed, Database, Fresh, Response, ServiceUnderTest, until

HOUR = 3600  # seconds

User = dict[str, Any]  # id, name, email


# Users


def rename(database: Database, user: User, fresh: Fresh) -> str:
    """Change the name in the row behind the service's back; the new name."""
    name = fresh.name()
    database.execute("UPDATE users SET name = ? WHERE id = ?", name, user["id"])
    return name


def absent_id(fresh: Fresh) -> int:
    """An id that nobody has, and that nobody gets soon."""
    return fresh.number(1_000_000, 9_000_000)


def path(user: User) -> str:
    """Where this user is read, changed and deleted."""
    return f"/users/{user['id']}"


def begin_put(service: ServiceUnderTest, user: User, **options: Any) -> Future[Response]:
    """Change this user to what is given, without waiting: `.result()` is the response. Options as for a request."""
    return service.begin("PUT", path(user), json={"name": user["name"], "email": user["email"]}, **options)


def put(service: ServiceUnderTest, user: User) -> Response:
    """Change this user to what is given; the response."""
    return begin_put(service, user).result()


def whole(user: User) -> dict[str, Any]:
    """What a read of this user has to answer."""
    return {"status": 200, "id": user["id"], "name": user["name"], "email": user["email"]}


def told(response: Response) -> dict[str, Any]:
    """What was answered, in the form of `whole`. Members beyond the contract's don't count."""
    try:
        body = response.json
    except CheckFailed:
        body = None
    if not isinstance(body, dict):
        return {"status": response.status, "body": response.text[:300]}
    wanted = {name: body[name] for name in ("id", "name", "email") if name in body}
    return {"status": response.status, **(wanted or {"body": response.text[:300]})}


# Redis


def copies(cache: CacheServer, user: User) -> list[str]:
    """The keys of this user's copies. Locks, counters and the like are not among them."""
    values = {key: cache.value(key) for key in cache.keys()}
    named = [key for key, value in values.items() if any(user["email"] in text for text in readings(value))]
    if named:
        return named
    number = re.compile(rf"(?<!\d){user['id']}(?!\d)")
    rest = [key for key, value in values.items() if number.search(key) and len(value) > len(user["email"])]
    return [key for key in rest if not re.search("lock|gen|version|mutex", key, re.IGNORECASE)]


def readings(value: bytes) -> Iterator[str]:
    """The stored bytes as text, also with the usual wrappings taken off."""
    yield value.decode("utf-8", "replace")
    for unwrap in (base64.b64decode, zlib.decompress, lambda data: zlib.decompress(data, 31)):
        with contextlib.suppress(binascii.Error, zlib.error, ValueError):
            yield unwrap(value).decode("utf-8", "replace")


def assert_expiry(cache: CacheServer) -> None:
    """Fail unless every key, whatever it is for, expires within the hour."""
    for key in cache.keys():
        left = cache.ttl(key)
        if left is None or left > HOUR:
            raise CheckFailed(
                f"`{key}` never expires: pass `ex=` to `set` (for other types, `EXPIRE` in the same transaction). What "
                "is missed once would stay wrong for ever, and Redis fills up."
                if left is None
                else f"`{key}` lives for more than an hour.",
                expected=f"at most {HOUR} s",
                got="no expiry" if left is None else f"{left:.0f} s",
            )


# Moments


def wait_until(condition: Callable[[], object], seconds: float) -> bool:
    """Whether this came true in time. Looks more often than others do: here a few milliseconds matter."""
    return bool(until(condition, bool, seconds, pause=0.002))
