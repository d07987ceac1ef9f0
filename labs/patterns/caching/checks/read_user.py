"""Read through: a miss loads the row and stores a copy that expires; a hit does not ask the database."""

from __future__ import annotations

import pytest

from labs.judge import CheckFailed, Database, Fresh, add_user

from .causes import why_no_hit, why_not_404, why_wrong
from .steps import User, absent_id, assert_expiry, path, readings, rename, told, wait_until, whole

BRIEFLY = 120  # seconds

# Names of Redis commands that give a key its expiry after it was stored.
EXPIRING = {"EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT"}


@pytest.mark.check(level="easy")
def test_a_miss_is_loaded_and_stored(service, database, cache, fresh):
    """The first read answers what the database says, and leaves a copy in Redis."""
    user = add_user(database, fresh)
    response = service.get(path(user))
    assert told(response) == whole(user), why_wrong(response)
    assert cache.keys(), "Nothing is in Redis after a read: `await redis.set(key, ...)` after the load is missing."


@pytest.mark.check(level="easy", after="test_a_miss_is_loaded_and_stored")
def test_a_copy_expires(service, database, cache, fresh):
    """Every key that a read leaves in Redis expires, within the hour."""
    user = add_user(database, fresh)
    held = cache.hold(lambda command: command.name in EXPIRING)
    reading = service.begin("GET", path(user))
    wait_until(lambda: reading.done() or held.wait(0), 1.0)
    if held.wait(0):  # if the service died at this moment, what would stay in Redis?
        stay = [key for key in cache.keys() if cache.ttl(key) is None]
        held.release()
        if stay:
            raise CheckFailed(
                f"`{stay[0]}` is stored by one command and gets its expiry from a second one. If the process ends "
                "between the two, the key stays for ever: pass `ex=` to `set` (for other types, `EXPIRE` in the same "
                "`MULTI`).",
                expected="no moment in which a key has no expiry",
                got=[str(command)[:60] for command in cache.commands[-2:]],
            )
    held.release()
    reading.result()
    service.get(path(user))
    assert_expiry(cache)


@pytest.mark.check(level="easy", after="test_a_miss_is_loaded_and_stored")
def test_a_hit_does_not_ask(service, database, fresh):
    """A second read is answered from the copy: the database is not asked, and each user has their own copy."""
    users = [add_user(database, fresh) for _ in range(3)]
    for user in users:
        service.get(path(user))
    for user in users:
        rename(database, user, fresh)
    for user in users * 2:
        response = service.get(path(user))
        assert told(response) == whole(user), why_no_hit(response, user, users)


@pytest.mark.check(level="easy", after="test_a_hit_does_not_ask")
def test_an_expired_copy_is_loaded_again(service, database, cache, fresh):
    """When the copy has expired, the next read asks the database again and stores a new copy."""
    user = add_user(database, fresh)
    service.get(path(user))
    user["name"] = rename(database, user, fresh)
    cache.delete(*cache.keys())
    response = service.get(path(user))
    assert told(response) == whole(user), (
        "Every key was deleted, as when their time is up, and still the old value is answered: a copy is kept in the "
        "process (a dict, `lru_cache`). It outlives the expiry, and no other process can invalidate it."
        if response.status == 200
        else why_wrong(response)
    )
    rename(database, user, fresh)
    response = service.get(path(user))
    assert told(response) == whole(user), (
        "After an expiry the row is loaded, but no new copy is stored: each read asks again."
    )


@pytest.mark.check(level="easy", after="test_a_miss_is_loaded_and_stored")
def test_only_what_is_answered_is_stored(service, database, cache, fresh):
    """Only what the route answers is stored: no password hash, neither in Redis nor in the answer."""
    secret = fresh.secret()
    user = add_user(database, fresh, password_hash=secret)
    bodies = [service.get(path(user)).text, service.get(path(user)).text]
    for body in bodies:
        assert secret not in body, (
            "The answer contains `password_hash`: answer the three fields of `User`, also from the copy."
        )
    for key in cache.keys():
        for text in readings(cache.value(key)):
            assert secret not in text, (
                f"`{key}` holds the row with its `password_hash`: store what you answer, not what you loaded. "
                "`User.model_validate(row)` leaves it out."
            )


@pytest.mark.check(level="medium", after="test_a_hit_does_not_ask")
def test_nobody_is_remembered(service, database, fresh):
    """A user who does not exist is remembered, too: the second 404 does not ask the database."""
    absent = absent_id(fresh)
    response = service.get(f"/users/{absent}")
    assert response.status == 404, why_not_404(response)
    insert_user(database, fresh, absent)  # by another program: who asks the database now finds somebody
    response = service.get(f"/users/{absent}")
    if response.status == 200 and isinstance(response.json, dict):
        raise CheckFailed(
            "The second read of a user who does not exist has asked the database again: when `load()` returns `None`, "
            "store something for `ABSENT_TTL` that says so.",
            expected="404, from what was remembered",
            got=response,
        )
    assert response.status == 404, (
        "The remembered absence is read back as a user: `null` and other stand-ins come out of Redis as a value like "
        "any other. Look for the absence before you parse."
    )


@pytest.mark.check(level="medium", after="test_nobody_is_remembered")
def test_nobody_is_remembered_briefly(service, database, cache, fresh):
    """An absence is remembered for two minutes at most."""
    absent = absent_id(fresh)
    service.get(f"/users/{absent}")
    assert_expiry(cache)
    user = insert_user(database, fresh, absent)
    seconds = {key: cache.ttl(key) for key in cache.keys()}
    cache.delete(*(key for key, left in seconds.items() if left is not None and left <= BRIEFLY))
    response = service.get(path(user))
    if response.status == 404:
        raise CheckFailed(
            f"An absence stays in Redis for longer than {BRIEFLY} seconds: it needs a time to live of its own, "
            "shorter than a user's, since a user who is added by somebody else is not there for as long.",
            expected=f"at most {BRIEFLY} s",
            got={key: round(left or 0) for key, left in seconds.items()},
        )
    assert told(response) == whole(user), why_wrong(response)


@pytest.mark.check(level="medium", after="test_a_miss_is_loaded_and_stored")
def test_a_failure_is_not_stored(service, database, cache, fresh):
    """A database that fails is a 5xx, not a 404, and it is not remembered."""
    user = add_user(database, fresh)
    service.get(path(user))
    cache.delete(*cache.keys())
    database.down()
    response = service.get(path(user))
    assert response.status >= 500, (
        'The database could not be read, and the answer does not say so. An error while loading is not a "not found": '
        "let it pass, so that it becomes a 5xx."
    )
    database.up()
    response = service.get(path(user))
    assert told(response) == whole(user), (
        "The database works again, and the answer is still the one from before: a failed load was stored. Store only "
        "results."
        if response.status != 500
        else why_wrong(response)
    )


def insert_user(database: Database, fresh: Fresh, user_id: int) -> User:
    """Put a user with this id into the table, past the service."""
    user = {"id": user_id, "name": fresh.name(), "email": fresh.email()}
    sql = "INSERT INTO users (id, name, email, password_hash) VALUES (?, ?, ?, '-')"
    database.execute(sql, user_id, user["name"], user["email"])
    return user
