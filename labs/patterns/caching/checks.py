"""What a cached route does, seen from outside: its answers, the keys in Redis, and who was asked.

A hit is proved by changing the row behind the service's back: whoever still answers the old value did not look.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import itertools
import pickle
import re
import sqlite3
import time
import zlib

import pytest

from labs.judge import CheckFailed, Request, create_user

HOUR = 3600
BRIEFLY = 120
SECOND = 1.0
PATIENCE = 1.6  # how long we wait to say how late it was
CROWDS = (16, 10, 8, 6)
LOADS = 3  # one is meant; a lock that is taken after the first look may cost another

# Exercise 1: read through


@pytest.mark.check("read_user", level="easy")
def test_a_miss_is_loaded_and_stored(service, database, cache, fresh, logs):
    """The first read answers what the database says, and leaves a copy in Redis."""
    user = add_user(database, fresh)
    answer = service.get(path(user))
    assert told(answer) == whole(user), why_wrong(answer, logs)
    assert cache.keys(), "Nothing is in Redis after a read: `await redis.set(key, ...)` after the load is missing."


@pytest.mark.check("read_user", level="easy", after="test_a_miss_is_loaded_and_stored")
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
                f"`{stay[0]}` is stored by one command and gets its expiry from a second one. If the process ends between the two, "
                "the key stays for ever: pass `ex=` to `set` (for other types, `EXPIRE` in the same `MULTI`).",
                expected="no moment in which a key has no expiry",
                got=[str(command)[:60] for command in cache.commands[-2:]],
            )
    held.release()
    reading.result()
    service.get(path(user))
    assert_expiry(cache)


@pytest.mark.check("read_user", level="easy", after="test_a_miss_is_loaded_and_stored")
def test_a_hit_does_not_ask(service, database, fresh, logs):
    """A second read is answered from the copy: the database is not asked, and each user has their own copy."""
    users = [add_user(database, fresh) for _ in range(3)]
    for user in users:
        service.get(path(user))
    for user in users:
        rename(database, user, fresh)
    for user in users * 2:
        answer = service.get(path(user))
        assert told(answer) == whole(user), why_no_hit(answer, user, users, logs)


@pytest.mark.check("read_user", level="easy", after="test_a_hit_does_not_ask")
def test_an_expired_copy_is_loaded_again(service, database, cache, fresh, logs):
    """When the copy has expired, the next read asks the database again and stores a new copy."""
    user = add_user(database, fresh)
    service.get(path(user))
    user["name"] = rename(database, user, fresh)
    cache.delete(*cache.keys())
    answer = service.get(path(user))
    assert told(answer) == whole(user), (
        "Every key was deleted, as when their time is up, and still the old value is answered: a copy is kept in the "
        "process (a dict, `lru_cache`). It outlives the expiry, and no other process can invalidate it."
        if answer.status == 200
        else why_wrong(answer, logs)
    )
    rename(database, user, fresh)
    answer = service.get(path(user))
    assert told(answer) == whole(user), (
        "After an expiry the row is loaded, but no new copy is stored: each read asks again."
    )


@pytest.mark.check("read_user", level="easy", after="test_a_miss_is_loaded_and_stored")
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


@pytest.mark.check("read_user", level="medium", after="test_a_hit_does_not_ask")
def test_nobody_is_remembered(service, database, cache, fresh, logs):
    """A user who does not exist is remembered, too: the second 404 does not ask the database."""
    absent = absent_id(database, fresh)
    answer = service.get(f"/users/{absent}")
    assert answer.status == 404, why_not_404(answer, logs)
    insert_user(database, fresh, absent)  # by another program: who asks the database now finds somebody
    answer = service.get(f"/users/{absent}")
    if answer.status == 200 and isinstance(answer.json, dict):
        raise CheckFailed(
            "The second read of a user who does not exist has asked the database again: when `load()` returns `None`, "
            "store something for `ABSENT_TTL` that says so.",
            expected="404, from what was remembered",
            got=answer,
        )
    assert answer.status == 404, (
        "The remembered absence is read back as a user: `null` and other stand-ins come out of Redis as a value like "
        "any other. Look for the absence before you parse. " + raised(logs)
    )


@pytest.mark.check("read_user", level="medium", after="test_nobody_is_remembered")
def test_nobody_is_remembered_briefly(service, database, cache, fresh, logs):
    """An absence is remembered for two minutes at most."""
    absent = absent_id(database, fresh)
    service.get(f"/users/{absent}")
    assert_expiry(cache)
    user = insert_user(database, fresh, absent)
    seconds = {key: cache.ttl(key) for key in cache.keys()}
    cache.delete(*(key for key, left in seconds.items() if left is not None and left <= BRIEFLY))
    answer = service.get(path(user))
    if answer.status == 404:
        raise CheckFailed(
            f"An absence stays in Redis for longer than {BRIEFLY} seconds: it needs a time to live of its own, shorter than a "
            "user's, since a user who is added by somebody else is not there for as long.",
            expected=f"at most {BRIEFLY} s",
            got={key: round(left or 0) for key, left in seconds.items()},
        )
    assert told(answer) == whole(user), why_wrong(answer, logs)


@pytest.mark.check("read_user", level="medium", after="test_a_miss_is_loaded_and_stored")
def test_a_failure_is_not_stored(service, database, cache, fresh, logs):
    """A database that fails is a 5xx, not a 404, and it is not remembered."""
    user = add_user(database, fresh)
    service.get(path(user))
    cache.delete(*cache.keys())
    database.down()
    answer = service.get(path(user))
    assert answer.status >= 500, (
        'The database could not be read, and the answer is none that says so. An error while loading is no "not found": '
        "let it pass, so that it becomes a 5xx."
    )
    database.up()
    answer = service.get(path(user))
    assert told(answer) == whole(user), (
        "The database works again, and the answer is still the one from before: a failed load was stored. Store only results."
        if answer.status != 500
        else why_wrong(answer, logs)
    )


# Exercise 2: writes


@pytest.mark.check("write_user", level="easy", after="test_a_hit_does_not_ask")
def test_a_change_is_seen_at_once(service, database, fresh, logs):
    """After a `PUT` the next read answers the new values."""
    user = add_user(database, fresh)
    service.get(path(user))
    for _ in range(2):
        old = dict(user)
        user |= {"name": fresh.name(), "email": fresh.email()}
        answer = put(service, user)
        assert told(answer) == whole(user), f"`PUT` has to answer the user as changed. {raised(logs)}"
        answer = service.get(path(user))
        assert told(answer) == whole(user), why_stale(answer, old, "PUT", logs)


@pytest.mark.check("write_user", level="easy", after="test_a_hit_does_not_ask")
def test_a_deleted_user_is_gone_at_once(service, database, fresh, logs):
    """After a `DELETE` the next read is a 404."""
    user = add_user(database, fresh)
    service.get(path(user))
    answer = service.delete(path(user))
    assert answer.status == 204, f"`DELETE` has to answer 204; `change()` returns `None` for it. {raised(logs)}"
    answer = service.get(path(user))
    assert answer.status == 404, why_stale(answer, user, "DELETE", logs)


@pytest.mark.check("write_user", level="medium", after="test_a_change_is_seen_at_once")
def test_a_new_user_is_seen_at_once(service, database, fresh, logs):
    """After a `POST` the new user is there, although the same id was asked for a moment ago."""
    first = add_user(database, fresh)
    for ahead in range(1, 4):
        assert service.get(f"/users/{first['id'] + ahead}").status == 404, raised(logs)
    user = create_user(service, fresh)
    answer = service.get(path(user))
    assert told(answer) == whole(user), (
        'The user was created and is still "not found": the remembered absence has to go when somebody gets that id. '
        "`POST` is a write like the others."
        if answer.status == 404
        else why_wrong(answer, logs)
    )


@pytest.mark.check("write_user", level="medium", after="test_a_change_is_seen_at_once")
def test_a_refused_write_changes_nothing(service, database, fresh, logs):
    """A `PUT` that is refused with 409 or 404 leaves no trace in the cache."""
    user, other = add_user(database, fresh), add_user(database, fresh)
    service.get(path(user))
    answer = put(service, user | {"name": fresh.name(), "email": other["email"]})
    assert answer.status == 409, f"The e-mail address is another user's, so `PUT` has to answer 409. {raised(logs)}"
    answer = service.get(path(user))
    assert told(answer) == whole(user), (
        'The change was refused with 409, and the user is "not found" since: an absence was stored. A refusal changes nothing.'
        if answer.status == 404
        else "The change was refused with 409, and a read answers it all the same: something was stored before the database "
        "had agreed. First commit, then the copy."
    )
    absent = absent_id(database, fresh)
    answer = put(service, {"id": absent, "name": fresh.name(), "email": fresh.email()})
    assert answer.status == 404, f"There is nobody to change, so `PUT` has to answer 404. {raised(logs)}"
    answer = service.get(f"/users/{absent}")
    assert answer.status == 404, "A `PUT` that was refused with 404 has left a user in the cache."


@pytest.mark.check("write_user", level="medium", after="test_a_change_is_seen_at_once")
def test_every_key_of_a_write_expires(service, database, cache, fresh, logs):
    """What writes leave in Redis (a new copy, a counter, a lock) expires, too."""
    user = add_user(database, fresh)
    service.get(path(user))
    put(service, user | {"name": fresh.name()})
    assert_expiry(cache)
    service.delete(path(user))
    assert_expiry(cache)


@pytest.mark.check("write_user", level="hard", after="test_a_change_is_seen_at_once")
def test_the_copy_goes_after_the_commit(service, database, cache, fresh, logs):
    """A read that comes while the write is still under way does not bring the old value back."""
    user = add_user(database, fresh)
    old = dict(user)
    service.get(path(user))
    user |= {"name": fresh.name(), "email": fresh.email()}
    with writes_held(database):
        before = len(cache.commands)
        writing = service.begin("PUT", path(user), json={"name": user["name"], "email": user["email"]})
        wait_until(lambda: touched(cache.commands[before:]), 0.06)
        reading = service.begin("GET", path(user))
        wait_until(reading.done, 1.0)  # a reader may wait for the writer
    answer = reading.result()
    assert told(answer) in (whole(old), whole(user)), why_wrong(answer, logs)
    answer = writing.result()
    assert told(answer) == whole(user), f"`PUT` has to answer the user as changed. {raised(logs)}"
    answer = service.get(path(user))
    assert told(answer) == whole(user), (
        "The copy was dropped before the change was committed: a reader came in between, loaded the old row and stored it "
        "again. First the truth, then the copy."
        if answer.status == 200
        else why_wrong(answer, logs)
    )


@pytest.mark.check("write_user", level="hard", after="test_a_change_is_seen_at_once")
def test_the_answer_comes_after_the_invalidation(service, database, cache, fresh, logs):
    """Whoever was told that the change is made reads the new values, however long Redis takes for its part."""
    user = add_user(database, fresh)
    old = dict(user)
    service.get(path(user))
    user |= {"name": fresh.name(), "email": fresh.email()}
    held = cache.hold(lambda command: command.name in WRITING)
    writing = service.begin("PUT", path(user), json={"name": user["name"], "email": user["email"]})
    wait_until(lambda: held.wait(0) or writing.done(), 0.5)
    if wait_until(writing.done, 0.06):
        answer = service.get(path(user))
        assert told(answer) != whole(old), (
            "The `PUT` was answered, and a read after it still got the old copy: the copy is deleted in the background. Wait for it "
            "(`await`) before you answer."
        )
    held.release()
    answer = writing.result()
    assert told(answer) == whole(user), f"`PUT` has to answer the user as changed. {raised(logs)}"


# Exercise 3: unreadable copies

GARBAGE = {
    "bytes that are no text": b"\xff\xfe\x00garbage",
    "JSON that breaks off": b'{"id": 1, "na',
    "an empty value": b"",
    "`null`": b"null",
    "`{}`": b"{}",
    "`[]`": b"[]",
    "a number": b"17",
    "an older schema": b'{"user_id": 1, "full_name": "Ada", "mail": "ada@example.com"}',
}


@pytest.mark.check("reread_user", level="medium", after="test_a_hit_does_not_ask")
def test_an_unreadable_copy_is_a_miss(service, database, cache, fresh, logs):
    """Whatever stands under the key that is no user: the answer comes from the database."""
    user = add_user(database, fresh)
    service.get(f"/users/{absent_id(database, fresh)}")
    means_nobody = [cache.value(key) for key in cache.keys()]  # `null` is a fine way to say so, for who looks for it
    for what, value in GARBAGE.items():
        if value in means_nobody:
            continue
        service.get(path(user))
        spoil(cache, user, value)
        user["name"] = rename(database, user, fresh)
        answer = service.get(path(user))
        assert told(answer) == whole(user), why_unreadable(answer, what, logs)
        cache.delete(*cache.keys())


@pytest.mark.check("reread_user", level="medium", after="test_an_unreadable_copy_is_a_miss")
def test_an_unreadable_copy_is_replaced(service, database, cache, fresh, logs):
    """After an unreadable copy there is a good one again, with an expiry."""
    user = add_user(database, fresh)
    for _ in range(3):  # on a slow machine Redis may seem away for a moment, and then nobody replaces anything
        service.get(path(user))
        spoil(cache, user, b"{}")
        user["name"] = told(service.get(path(user))).get("name")
        rename(database, user, fresh)
        answer = service.get(path(user))
        if told(answer) == whole(user):
            break
    assert told(answer) == whole(user), (
        "The unreadable copy is still there: the answer was right, but every further read stumbles over it and asks the "
        "database. Delete it or store a good one over it. " + raised(logs)
    )
    assert_expiry(cache)


@pytest.mark.check("reread_user", level="hard", after="test_an_unreadable_copy_is_a_miss")
def test_another_type_is_a_miss(service, database, cache, fresh, logs):
    """A key that holds a Redis list is answered from the database, and is usable again afterwards."""
    user = add_user(database, fresh)
    service.get(path(user))
    spoil(cache, user, [b"a", b"list"])
    user["name"] = rename(database, user, fresh)
    answer = service.get(path(user))
    assert told(answer) == whole(user), (
        "Under the key is a list, Redis says `WRONGTYPE` (a `ResponseError`), and that reached the client. It is one more "
        f"way of being unreadable. {raised(logs)}"
    )
    rename(database, user, fresh)
    answer = service.get(path(user))
    assert told(answer) == whole(user), (
        "The list is still under the key: every further read stumbles over it and asks the database. `DEL` works on any type."
    )


@pytest.mark.check("reread_user", level="hard", after="test_an_unreadable_copy_is_a_miss")
def test_a_copy_is_data_and_not_code(service, database, cache, fresh, tmp_path, logs):
    """A pickle under the key is not run: what stands in Redis is data."""
    user = add_user(database, fresh)
    service.get(path(user))
    trace = tmp_path / fresh.token()
    for protocol in (0, 2, 4):
        spoil(cache, user, pickle.dumps(Payload(str(trace)), protocol))
        answer = service.get(path(user))
        assert not trace.exists(), (
            "The service has run code that was stored in Redis: `pickle.loads` does what the pickle says. Whoever can write "
            "to Redis owns the service. Use a data format, such as JSON."
        )
        assert told(answer) == whole(user), why_unreadable(answer, "a pickle", logs)


# Exercise 4: Redis is away


@pytest.mark.check("without_cache", level="medium", after="test_a_miss_is_loaded_and_stored")
def test_reads_survive_without_redis(service, database, cache, fresh, logs):
    """While Redis is down the service starts, finds users and says 404 for nobody."""
    user = add_user(database, fresh)
    absent = absent_id(database, fresh)
    cache.down()
    for _ in range(2):
        answer = service.get(path(user))
        assert told(answer) == whole(user), why_down(answer, "read", logs)
    answer = service.get(f"/users/{absent}")
    assert answer.status == 404, why_down(answer, "read", logs)
    user["name"] = rename(database, user, fresh)
    answer = service.get(path(user))
    assert told(answer) == whole(user), (
        "Without Redis an old value is answered: there is a second cache in the process, which nobody can invalidate."
        if answer.status == 200
        else why_down(answer, "read", logs)
    )


@pytest.mark.check(
    "without_cache", level="hard", after=("test_reads_survive_without_redis", "test_a_change_is_seen_at_once")
)
def test_writes_survive_without_redis(service, database, cache, fresh, logs):
    """While Redis is down users are created, changed and deleted, each of it once."""
    user = add_user(database, fresh)
    cache.down()
    user |= {"name": fresh.name(), "email": fresh.email()}
    answer = put(service, user)
    assert told(answer) == whole(user), why_down(answer, "`PUT`", logs)
    assert told(service.get(path(user))) == whole(user), "The change was answered with 200, and is not in the database."
    new = {"name": fresh.name(), "email": fresh.email(), "password": fresh.secret()}
    answer = service.post("/users", new)
    assert answer.status == 201, why_down(answer, "`POST`", logs)
    rows = database.execute("SELECT name FROM users WHERE email = ?", new["email"])
    assert rows == [(new["name"],)], (
        "The user was created with 201, and the database does not have exactly one such row."
    )
    answer = service.delete(path(user))
    assert answer.status == 204, why_down(answer, "`DELETE`", logs)
    answer = service.get(path(user))
    assert answer.status == 404, why_down(answer, "read", logs)


@pytest.mark.check("without_cache", level="medium", after="test_reads_survive_without_redis")
def test_an_error_from_redis_is_survived(service, database, cache, fresh, logs):
    """Redis answers with an error (LOADING, after a restart): the user is answered all the same."""
    user = add_user(database, fresh)
    service.get(path(user))
    cache.fail(20)
    answer = service.get(path(user))
    assert told(answer) == whole(user), why_down(answer, "read", logs)


@pytest.mark.check("without_cache", level="hard", after="test_reads_survive_without_redis")
def test_a_silent_redis_costs_less_than_a_second(service, database, cache, fresh, logs):
    """Redis takes the connection and says nothing: a read and a write are answered within a second each."""
    user, other = add_user(database, fresh), add_user(database, fresh)
    service.get(path(user))
    cache.hang()
    changed = other | {"name": fresh.name()}
    reading = service.begin("GET", path(user), deadline=PATIENCE)
    writing = service.begin(
        "PUT", path(other), json={"name": changed["name"], "email": changed["email"]}, deadline=PATIENCE
    )
    assert told(within_a_second(reading, "read")) == whole(user), why_down(reading.result(), "read", logs)
    assert told(within_a_second(writing, "write")) == whole(changed), why_down(writing.result(), "`PUT`", logs)


@pytest.mark.check("without_cache", level="hard", after=("test_reads_survive_without_redis", "test_a_hit_does_not_ask"))
def test_redis_is_used_again(service, database, cache, fresh, logs):
    """When Redis is back it is used again, without a restart of the service."""
    user = add_user(database, fresh)
    service.get(path(user))
    cache.down()
    service.get(path(user))
    cache.up()
    cache.delete(*cache.keys())

    def stored() -> bool:
        service.get(path(user))
        return bool(copies(cache, user))

    assert wait_until(stored, 2.5), (
        "Redis has been back for more than two seconds, and nothing is stored in it: somewhere is noted that it is broken, "
        "and nobody looks again."
    )
    rename(database, user, fresh)
    answer = service.get(path(user))
    assert told(answer) == whole(user), "Redis is back and copies are stored, but reads don't look at them."


# Exercise 5: a crowd


@pytest.mark.check("crowd", level="expert", after="test_a_hit_does_not_ask")
def test_a_crowd_loads_once(service, database, cache, fresh, logs):
    """Sixteen requests for a user without a copy: one of them loads, the others wait for it."""
    user = add_user(database, fresh)
    crowd(service, user, CROWDS[0], logs)  # so that connections are open
    for size in CROWDS:  # on a slow machine Redis may seem away for a moment, and then everybody is right to load
        loads = loads_of_a_crowd(service, database, cache, user, size, logs)
        if loads <= LOADS:
            return
    assert loads <= LOADS, (
        f"{size} requests came at once, and the row was loaded {loads} times at least. Who finds no copy has to look "
        "whether somebody is loading it already, and wait for that."
    )


@pytest.mark.check("crowd", level="expert", after="test_a_crowd_loads_once")
def test_users_do_not_wait_for_each_other(service, database, cache, fresh, logs):
    """While one user's load is held up, another user without a copy is answered."""
    stores = how_a_copy_is_stored(service, cache, add_user(database, fresh))
    for _ in range(5):  # a slow machine may take longer than the client waits for Redis: then it says nothing
        slow, quick = add_user(database, fresh), add_user(database, fresh)
        held = cache.hold(stores(slow))
        waiting = service.begin("GET", path(slow))
        if not held.wait(1.5):
            continue
        answer = service.get(path(quick))
        # A moment more: who has just given up waiting for Redis let the other one through, and is about to answer.
        side_by_side = not wait_until(waiting.done, 0.05)
        held.release()
        assert waiting.result().status == 200, why_wrong(waiting.result(), logs)
        assert told(answer) == whole(quick), why_wrong(answer, logs)
        if side_by_side:
            return
    raise CheckFailed(
        "Requests for different users wait for each other: there is one lock for all of them. Take one per key.",
        expected=f"GET {path(quick)} is answered while GET {path(slow)} waits for Redis",
        got=f"GET {path(quick)} is answered after GET {path(slow)}",
    )


@pytest.mark.check("crowd", level="expert", after="test_a_change_is_seen_at_once")
def test_a_read_after_a_write_sees_it(service, database, cache, fresh, logs):
    """Whoever asks after a write gets the new value, even while an older read is still under way."""
    for _ in range(3):  # on a slow machine the older read may give up waiting for Redis before it matters
        with race(service, database, cache, fresh, logs) as scene:
            later = service.begin("GET", path(scene.user))
            wait_until(later.done, scene.moment)
        answer = later.result()
        if not scene.writer_waited:
            assert told(answer) == whole(scene.user), (
                "The write had been answered when this read began, and it got the old value: it was handed the result of a "
                "load that had begun before the write. Only who came before the write may share that."
                if answer.status == 200
                else why_wrong(answer, logs)
            )
        if scene.seconds < 0.2:
            return


@pytest.mark.check("crowd", level="expert", after="test_a_change_is_seen_at_once")
def test_a_slow_reader_does_not_put_yesterday_back(service, database, cache, fresh, logs):
    """A reader loads, a writer changes and invalidates, then the reader stores: the new value stays."""
    with race(service, database, cache, fresh, logs) as scene:
        pass
    for _ in range(2):
        answer = service.get(path(scene.user))
        assert told(answer) == whole(scene.user), (
            "A slow reader stored the old row after the writer had committed and invalidated. What was loaded before a "
            "write may not be stored where readers look after it: store only if nothing was written meanwhile "
            "(a generation in the key, `WATCH`, or `NX` over a tombstone)."
            if answer.status == 200
            else why_wrong(answer, logs)
        )


@pytest.mark.check("crowd", level="expert", after="test_a_crowd_loads_once")
def test_a_failed_load_is_over(service, database, cache, fresh, logs):
    """A load that fails fails for those who waited for it, and for nobody after them."""
    user = add_user(database, fresh)
    service.get(path(user))
    cache.delete(*cache.keys())
    database.down()
    for answer in service.together([Request("GET", path(user))] * 5):
        assert answer.status >= 500, (
            "The database could not be read, there is no copy, and somebody was answered all the same: what was loaded before is "
            "still handed out. Take a load out of the dict when it is done."
        )
    database.up()
    answer = service.get(path(user))
    assert told(answer) == whole(user), (
        "The database works again, and the load that failed before is still handed out: take it out of the dict when it "
        f"is done, however it ended. {raised(logs)}"
    )


@pytest.mark.check("crowd", level="hard", after="test_a_crowd_loads_once")
def test_expiries_are_spread(service, database, cache, fresh, logs):
    """Copies stored at the same moment don't expire at the same moment."""
    users = [add_user(database, fresh) for _ in range(12)]
    for user in users:
        assert service.get(path(user)).status == 200, raised(logs)
    seconds = sorted(cache.ttl(key) or 0 for user in users for key in copies(cache, user)[:1])
    assert len(seconds) > len(users) // 2, "Most of these users were read, and there is no copy of them in Redis."
    if seconds[-1] - seconds[0] < 0.02 * seconds[-1]:
        raise CheckFailed(
            "All copies have the same time to live: what was stored in the same second (after a deployment, a newsletter) "
            "expires in the same second, and the database gets all of it at once. Add some per cent at random to `ex`.",
            expected="times to live that differ by 2 % at least; vary them by 5 % or more",
            got=f"{len(seconds)} copies, all between {seconds[0]:.1f} and {seconds[-1]:.1f} seconds",
        )


# Users


def add_user(database, fresh, **fields):
    """A user in the table, added past the service."""
    user = {"name": fresh.name(), "email": fresh.email()}
    fields = {"password_hash": fresh.secret(), **fields}
    return {"id": database.add_user(**user, **fields), **user}


def insert_user(database, fresh, user_id):
    """A user with this id, added past the service."""
    user = {"id": user_id, "name": fresh.name(), "email": fresh.email()}
    sql = "INSERT INTO users (id, name, email, password_hash) VALUES (?, ?, ?, '-')"
    database.execute(sql, user_id, user["name"], user["email"])
    return user


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


def whole(user):
    """What a read of this user has to answer."""
    return {"status": 200, "id": user["id"], "name": user["name"], "email": user["email"]}


def told(answer):
    """What was answered, in the form of `whole`. Members beyond the contract's don't count."""
    try:
        body = answer.json
    except CheckFailed:
        body = None
    if not isinstance(body, dict):
        return {"status": answer.status, "body": answer.text[:300]}
    wanted = {name: body[name] for name in ("id", "name", "email") if name in body}
    return {"status": answer.status, **(wanted or {"body": answer.text[:300]})}


# Redis, past the service


def copies(cache, user):
    """The keys of this user's copies. Locks, counters and the like are not among them."""
    values = {key: cache.value(key) for key in cache.keys()}
    named = [key for key, value in values.items() if any(user["email"] in text for text in readings(value))]
    if named:
        return named
    number = re.compile(rf"(?<!\d){user['id']}(?!\d)")
    rest = [key for key, value in values.items() if number.search(key) and len(value) > len(user["email"])]
    return [key for key in rest if not re.search("lock|gen|version|mutex", key, re.IGNORECASE)]


def spoil(cache, user, value):
    """Overwrite the user's copy with something else."""
    for key in copies(cache, user):
        cache.put(key, value)


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
                f"`{key}` never expires: pass `ex=` to `set` (for other types, `EXPIRE` in the same transaction). What is "
                "missed once would stay wrong for ever, and Redis fills up."
                if left is None
                else f"`{key}` lives for more than an hour.",
                expected=f"at most {HOUR} s",
                got="no expiry" if left is None else f"{left:.0f} s",
            )


class Payload:
    """Unpickling it makes a folder."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        import os

        return os.makedirs, (self.folder, 0o700, True)


# Moments


def wait_until(condition, seconds):
    """Whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


def crowd(service, user, size, logs, meanwhile=lambda: None):
    """Many requests for one user at once; what happens before they are answered; their answers."""
    requests = [service.begin("GET", path(user)) for _ in range(size)]
    meanwhile()
    answers = [request.result() for request in requests]
    for answer in answers:
        assert answer.status == 200, why_wrong(answer, logs)
    return answers


def loads_of_a_crowd(service, database, cache, user, size, logs):
    """How often, at least, the row was loaded for many who asked at once."""
    cache.delete(*cache.keys())
    seen = len(cache.commands)

    def let_them_load():
        wait_until(lambda: len(cache.commands) >= seen + size, 0.1)  # everybody has looked for a copy
        database.up()

    # The row changes all the time, so that loads see different versions; and who loads, stores.
    versions = ((f"version {n}", user["id"]) for n in itertools.count())
    with database.keep_changing("UPDATE users SET name = ? WHERE id = ?", versions):
        database.hang()
        answers = crowd(service, user, size, logs, let_them_load)
    stored = [command for command in cache.commands[seen:] if command.name in STORING and user["email"] in str(command)]
    return max(len({answer.json["name"] for answer in answers}), len(stored))


@contextlib.contextmanager
def writes_held(database):
    """Writers wait for a lock, readers don't."""
    connection = sqlite3.connect(database.path, timeout=5, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
    finally:
        connection.rollback()
        connection.close()


WRITING = {
    "SET",
    "SETEX",
    "PSETEX",
    "SETNX",
    "GETSET",
    "MSET",
    "HSET",
    "HMSET",
    "DEL",
    "UNLINK",
    "GETDEL",
    "INCR",
    "EXEC",
}
EXPIRING = {"EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT"}
STORING = {"SET", "SETEX", "PSETEX", "SETNX", "GETSET", "MSET", "HSET", "HMSET"}


def touched(commands):
    """Whether one of these has changed something, and is through."""
    return any(command.name in WRITING and command.reply is not None for command in commands)


class Scene:
    """What the race came to."""

    def __init__(self, user, moment):
        self.user = user  # as it is after the write
        self.moment = moment  # seconds in which whoever need not wait is done
        self.writer_waited = False  # for the reader, which is a way to win this race
        self.seconds = 0.0  # how long the reader was stopped


@contextlib.contextmanager
def race(service, database, cache, fresh, logs):
    """A reader loads and is stopped on its way to the cache; a writer comes and goes; at the end the reader goes on."""
    user, model = add_user(database, fresh), add_user(database, fresh)
    stores = how_a_copy_is_stored(service, cache, model)
    started = time.monotonic()
    answer = put(service, model | {"name": fresh.name()})
    assert answer.status == 200, why_wrong(answer, logs)
    scene = Scene(user, min(0.2, max(0.08, 4 * (time.monotonic() - started))))

    held = cache.hold(stores(user))
    reading = service.begin("GET", path(user))
    if not held.wait(1.5):
        reading.result()
        raise CheckFailed(
            "A read of a user without a copy has stored none. Nothing else was going on.",
            expected="a copy in Redis",
            got=[str(command) for command in cache.commands[-6:]],
        )
    started = time.monotonic()
    user |= {"name": fresh.name(), "email": fresh.email()}
    writing = service.begin("PUT", path(user), json={"name": user["name"], "email": user["email"]})
    scene.writer_waited = not wait_until(writing.done, scene.moment)
    try:
        if not scene.writer_waited:
            assert told(writing.result()) == whole(user), why_wrong(writing.result(), logs)
        yield scene
    finally:
        scene.seconds = time.monotonic() - started
        held.release()
    assert told(writing.result()) == whole(user), why_wrong(writing.result(), logs)
    assert reading.result().status == 200, why_wrong(reading.result(), logs)


def how_a_copy_is_stored(service, cache, user):
    """Watch a copy being stored; a function that makes, for another user, the test for the same command."""
    storing = []

    def stored() -> bool:
        before = len(cache.commands)
        service.get(path(user))
        storing[:] = [command for command in cache.commands[before:] if command.name in STORING]
        return bool(storing)

    if not wait_until(stored, 2.5):  # a service to which Redis seemed away may leave it alone for two seconds
        raise CheckFailed(
            "A read of a user without a copy has stored none.", expected="a copy in Redis", got="no SET or HSET"
        )
    plain = [command for command in storing if user["email"] in " ".join(command.words)]
    index = storing.index(plain[0] if plain else max(storing, key=lambda command: sum(map(len, command.words))))

    def stores(other):
        count = itertools.count()

        def matches(command):
            if command.name not in STORING:
                return False
            return other["email"] in " ".join(command.words) if plain else next(count) == index

        return matches

    return stores


def within_a_second(pending, what):
    """The answer, which has to come in time although Redis is silent."""
    answer = None
    with contextlib.suppress(CheckFailed):
        answer = pending.result()
    if answer is None or answer.seconds > SECOND:
        raise CheckFailed(
            f"Redis is silent, and the {what} waited for it. redis-py waits five seconds for an answer unless it is told "
            "otherwise: pass `socket_timeout=0.25` and `socket_connect_timeout=0.25` where the client is made, and no retries.",
            expected=f"an answer within {SECOND:g} s",
            got=f"nothing within {PATIENCE:g} s" if answer is None else f"an answer after {answer.seconds:.2f} s",
        )
    return answer


# Causes


def raised(logs):
    """A sentence with the exception that the log tells of, if any."""
    found = re.findall(r"^((?:[a-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Timeout)\b.*)$", logs.text, re.MULTILINE)
    return f"The log says `{found[-1].strip()[:200]}`." if found else ""


def why_wrong(answer, logs):
    if answer.status >= 500:
        return f"The handler failed. {raised(logs)}"
    if answer.status == 404:
        return "The user is in the database, and was not found: a user is taken for an absence."
    return "The answer is not what the database has. Does each user have a key of their own?"


def why_not_404(answer, logs):
    if answer.status >= 500:
        return f"`load()` returns `None` for a user who does not exist; return that. {raised(logs)}"
    return "There is no such user in the database, so the answer is 404."


def why_no_hit(answer, user, users, logs):
    got = told(answer)
    if answer.status >= 500:
        return f"The first read works, the second fails: what was stored can't be read back. {raised(logs)}"
    if got.get("id") == user["id"] and got.get("email") == user["email"]:
        return (
            "The row was changed behind the service's back, and the second read saw it: it asked the database instead of "
            "answering from the copy. Look under the key first, and under the same key that was stored."
        )
    if any(got.get("id") == other["id"] for other in users):
        return "Another user's copy was answered: the id is not part of the key."
    return "What comes out of the copy is not what went in."


def why_stale(answer, old, method, logs):
    if answer.status >= 500:
        return f"The handler failed. {raised(logs)}"
    if told(answer) == whole(old):
        return f"The old copy is still answered after a `{method}`: delete the copy when the change is committed, on every write."
    return f"What is read after a `{method}` is neither the old nor the new state: look at what the write stores."


def why_unreadable(answer, what, logs):
    if answer.status >= 500:
        return f"Under the key stood {what}, and the read failed. An unreadable copy is no copy: load the row. {raised(logs)}"
    if answer.status == 404:
        return (
            f"Under the key stood {what}, and the answer was a 404. Only the one value that you chose for that means "
            '"there is no such user"; everything else that is no user is a miss, so answer (`return`) what the database says.'
        )
    return f"Under the key stood {what}, and a user was made of it. Check it against the schema: `User.model_validate_json`."


def why_down(answer, what, logs):
    if answer.status >= 500:
        return f"Redis failed, and the {what} failed with it. The database has the truth: answer from there. {raised(logs)}"
    if answer.status == 404:
        return 'Redis failed, and that was taken for "there is no such user". The database would have known.'
    return f"Redis failed, and the {what} did not answer what the database says."
