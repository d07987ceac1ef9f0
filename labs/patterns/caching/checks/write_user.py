"""Writes are seen at once: whoever reads after a write does not get the old copy."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence

import pytest

from labs.judge import WRITING, Command, Database, add_user, create_user

from .causes import why_not_404, why_stale, why_wrong
from .steps import absent_id, assert_expiry, begin_put, path, put, told, wait_until, whole

NOT_AS_CHANGED = "`PUT` has to answer with the user as changed."


@pytest.mark.check(level="easy", after="test_a_hit_does_not_ask")
def test_a_change_is_seen_at_once(service, database, fresh):
    """After a `PUT` the next read answers the new values."""
    user = add_user(database, fresh)
    service.get(path(user))
    for _ in range(2):
        old = dict(user)
        user |= {"name": fresh.name(), "email": fresh.email()}
        response = put(service, user)
        assert told(response) == whole(user), NOT_AS_CHANGED
        response = service.get(path(user))
        assert told(response) == whole(user), why_stale(response, old, "PUT")


@pytest.mark.check(level="easy", after="test_a_hit_does_not_ask")
def test_a_deleted_user_is_gone_at_once(service, database, fresh):
    """After a `DELETE` the next read is a 404."""
    user = add_user(database, fresh)
    service.get(path(user))
    response = service.delete(path(user))
    assert response.status == 204, "`DELETE` has to answer 204; `change()` returns `None` for it."
    response = service.get(path(user))
    assert response.status == 404, why_stale(response, user, "DELETE")


@pytest.mark.check(level="medium", after="test_a_change_is_seen_at_once")
def test_a_new_user_is_seen_at_once(service, database, fresh):
    """After a `POST` the new user is there, although the same id was asked for a moment ago."""
    first = add_user(database, fresh)
    for ahead in range(1, 4):
        response = service.get(f"/users/{first['id'] + ahead}")
        assert response.status == 404, why_not_404(response)
    user = create_user(service, fresh)
    response = service.get(path(user))
    assert told(response) == whole(user), (
        'The user was created and is still "not found": the remembered absence has to go when somebody gets that id. '
        "`POST` is a write like the others."
        if response.status == 404
        else why_wrong(response)
    )


@pytest.mark.check(level="medium", after="test_a_change_is_seen_at_once")
def test_a_refused_write_changes_nothing(service, database, fresh):
    """A `PUT` that is refused with 409 or 404 leaves no trace in the cache."""
    user, other = add_user(database, fresh), add_user(database, fresh)
    service.get(path(user))
    response = put(service, user | {"name": fresh.name(), "email": other["email"]})
    assert response.status == 409, "The e-mail address is another user's, so `PUT` has to answer 409."
    response = service.get(path(user))
    assert told(response) == whole(user), (
        'The change was refused with 409, and the user is "not found" since: an absence was stored. A refusal changes '
        "nothing."
        if response.status == 404
        else (
            "The change was refused with 409, and a read answers it all the same: something was stored before the "
            "database had agreed. First commit, then the copy."
        )
    )
    absent = absent_id(fresh)
    response = put(service, {"id": absent, "name": fresh.name(), "email": fresh.email()})
    assert response.status == 404, "There is nobody to change, so `PUT` has to answer 404."
    response = service.get(f"/users/{absent}")
    assert response.status == 404, "A `PUT` that was refused with 404 has left a user in the cache."


@pytest.mark.check(level="medium", after="test_a_change_is_seen_at_once")
def test_every_key_of_a_write_expires(service, database, cache, fresh):
    """What writes leave in Redis (a new copy, a counter, a lock) expires, too."""
    user = add_user(database, fresh)
    service.get(path(user))
    put(service, user | {"name": fresh.name()})
    assert_expiry(cache)
    service.delete(path(user))
    assert_expiry(cache)


@pytest.mark.check(level="hard", after="test_a_change_is_seen_at_once")
def test_the_copy_goes_after_the_commit(service, database, cache, fresh):
    """A read that comes while the write is still under way does not bring the old value back."""
    user = add_user(database, fresh)
    old = dict(user)
    service.get(path(user))
    user |= {"name": fresh.name(), "email": fresh.email()}
    with writes_held(database):
        before = len(cache.commands)
        writing = begin_put(service, user)
        wait_until(lambda: touched(cache.commands[before:]), 0.06)
        reading = service.begin("GET", path(user))
        wait_until(reading.done, 1.0)  # a reader may wait for the writer
    response = reading.result()
    assert told(response) in (whole(old), whole(user)), why_wrong(response)
    response = writing.result()
    assert told(response) == whole(user), NOT_AS_CHANGED
    response = service.get(path(user))
    assert told(response) == whole(user), (
        "The copy was dropped before the change was committed: a reader came in between, loaded the old row and "
        "stored it again. First the truth, then the copy."
        if response.status == 200
        else why_wrong(response)
    )


@pytest.mark.check(level="hard", after="test_a_change_is_seen_at_once")
def test_the_answer_comes_after_the_invalidation(service, database, cache, fresh):
    """Whoever was told that the change is made reads the new values, however long Redis takes for its part."""
    user = add_user(database, fresh)
    old = dict(user)
    service.get(path(user))
    user |= {"name": fresh.name(), "email": fresh.email()}
    held = cache.hold(lambda command: command.name in WRITING)
    writing = begin_put(service, user)
    wait_until(lambda: held.wait(0) or writing.done(), 0.5)
    if wait_until(writing.done, 0.06):
        response = service.get(path(user))
        assert told(response) != whole(old), (
            "The `PUT` was answered, and a read after it still got the old copy: the copy is deleted in the "
            "background. Wait for it (`await`) before you answer."
        )
    held.release()
    response = writing.result()
    assert told(response) == whole(user), NOT_AS_CHANGED


@contextlib.contextmanager
def writes_held(database: Database) -> Iterator[None]:
    """Hold the lock for which writers wait, and readers don't, until the block ends."""
    connection = sqlite3.connect(database.path, timeout=5, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
    finally:
        connection.rollback()
        connection.close()


def touched(commands: Sequence[Command]) -> bool:
    """Whether one of these has changed something, and is through."""
    return any(command.name in WRITING and command.reply is not None for command in commands)
