"""What the checks of several exercises do, and how they look at what came of it."""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
import time
import zlib

from labs.judge import CheckFailed

HOUR = 3600


def add_user(database, fresh, **fields):
    """A user in the table, added past the service."""
    user = {"name": fresh.name(), "email": fresh.email()}
    fields = {"password_hash": fresh.secret(), **fields}
    return {"id": database.add_user(**user, **fields), **user}


def rename(database, user, fresh):
    """Change the row behind the service's back; the new name."""
    name = fresh.name()
    database.execute("UPDATE users SET name = ? WHERE id = ?", name, user["id"])
    return name


def absent_id(database, fresh):
    """An id that nobody has, and that nobody gets soon."""
    return fresh.number(1_000_000, 9_000_000)


def path(user):
    return f"/users/{user['id']}"


def put(service, user):
    return service.put(path(user), {"name": user["name"], "email": user["email"]})


def copies(cache, user):
    """The keys of this user's copies. Locks, counters and the like are not among them."""
    values = {key: cache.value(key) for key in cache.keys()}
    named = [key for key, value in values.items() if any(user["email"] in text for text in readings(value))]
    if named:
        return named
    number = re.compile(rf"(?<!\d){user['id']}(?!\d)")
    rest = [key for key, value in values.items() if number.search(key) and len(value) > len(user["email"])]
    return [key for key in rest if not re.search("lock|gen|version|mutex", key, re.IGNORECASE)]


def readings(value):
    """The stored bytes as text, also with the usual wrappings taken off."""
    yield value.decode("utf-8", "replace")
    for unwrap in (base64.b64decode, zlib.decompress, lambda data: zlib.decompress(data, 31)):
        with contextlib.suppress(binascii.Error, zlib.error, ValueError):
            yield unwrap(value).decode("utf-8", "replace")


def assert_expiry(cache):
    """Every key, whatever it is for, expires within the hour."""
    for key in cache.keys():
        left = cache.ttl(key)
        if left is None or left > HOUR:
            raise CheckFailed(
                f"`{key}` never expires: pass `ex=` to `set` (for other types, `EXPIRE` in the same transaction). "
                "What is missed once would stay wrong for ever, and Redis fills up."
                if left is None
                else f"`{key}` lives for more than an hour.",
                expected=f"at most {HOUR} s",
                got="no expiry" if left is None else f"{left:.0f} s",
            )


def wait_until(condition, seconds):
    """Whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True
