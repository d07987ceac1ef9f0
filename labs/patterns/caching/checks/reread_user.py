"""A copy that can't be read: whatever stands under the key, the answer comes from the database then."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from labs.judge import CacheServer, add_user

from .causes import why_unreadable
from .steps import User, absent_id, assert_expiry, copies, path, rename, told, whole

GARBAGE = {
    "bytes that are not text": b"\xff\xfe\x00garbage",
    "JSON that breaks off": b'{"id": 1, "na',
    "an empty value": b"",
    "`null`": b"null",
    "`{}`": b"{}",
    "`[]`": b"[]",
    "a number": b"17",
    "an older schema": b'{"user_id": 1, "full_name": "Ada", "mail": "ada@example.com"}',
}


@pytest.mark.check(level="medium", after="test_a_hit_does_not_ask")
def test_an_unreadable_copy_is_a_miss(service, database, cache, fresh):
    """When what stands under the key is not a user, the answer comes from the database."""
    user = add_user(database, fresh)
    service.get(f"/users/{absent_id(fresh)}")
    means_nobody = [cache.value(key) for key in cache.keys()]  # `null` is a fine way to say so, for who looks for it
    for what, value in GARBAGE.items():
        if value in means_nobody:
            continue
        service.get(path(user))
        spoil(cache, user, value)
        user["name"] = rename(database, user, fresh)
        response = service.get(path(user))
        assert told(response) == whole(user), why_unreadable(response, what)
        cache.delete(*cache.keys())


@pytest.mark.check(level="medium", after="test_an_unreadable_copy_is_a_miss")
def test_an_unreadable_copy_is_replaced(service, database, cache, fresh):
    """After an unreadable copy there is a good one again, with an expiry."""
    user = add_user(database, fresh)
    for _ in range(3):  # on a slow machine Redis may seem away for a moment, and then nobody replaces anything
        service.get(path(user))
        spoil(cache, user, b"{}")
        user["name"] = told(service.get(path(user))).get("name")
        rename(database, user, fresh)
        response = service.get(path(user))
        if told(response) == whole(user):
            break
    assert told(response) == whole(user), (
        "The unreadable copy is still there: the answer was right, but every further read stumbles over it and asks "
        "the database. Delete it or store a good one over it."
    )
    assert_expiry(cache)


@pytest.mark.check(level="hard", after="test_an_unreadable_copy_is_a_miss")
def test_another_type_is_a_miss(service, database, cache, fresh):
    """A key that holds a Redis list is answered from the database, and is usable again afterwards."""
    user = add_user(database, fresh)
    service.get(path(user))
    spoil(cache, user, [b"a", b"list"])
    user["name"] = rename(database, user, fresh)
    response = service.get(path(user))
    assert told(response) == whole(user), (
        "Under the key is a list, Redis says `WRONGTYPE` (a `ResponseError`), and that reached the client. It is one "
        "more way of being unreadable."
    )
    rename(database, user, fresh)
    response = service.get(path(user))
    assert told(response) == whole(user), (
        "The list is still under the key: every further read stumbles over it and asks the database. `DEL` works on "
        "any type."
    )


@pytest.mark.check(level="hard", after="test_an_unreadable_copy_is_a_miss")
def test_a_copy_is_data_and_not_code(service, database, cache, fresh, tmp_path):
    """A pickle under the key is not run: what stands in Redis is data."""
    user = add_user(database, fresh)
    service.get(path(user))
    trace = tmp_path / fresh.token()
    for protocol in (0, 2, 4):
        spoil(cache, user, pickle.dumps(Payload(str(trace)), protocol))
        response = service.get(path(user))
        assert not trace.exists(), (
            "The service has run code that was stored in Redis: `pickle.loads` does what the pickle says. Whoever can "
            "write to Redis owns the service. Use a data format, such as JSON."
        )
        assert told(response) == whole(user), why_unreadable(response, "a pickle")


def spoil(cache: CacheServer, user: User, value: bytes | list[bytes]) -> None:
    """Overwrite the user's copies with something else: text, or a list."""
    for key in copies(cache, user):
        cache.put(key, value)


class Payload:
    """Unpickling it makes a folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[..., None], tuple[Any, ...]]:
        return os.makedirs, (self.folder, 0o700, True)
