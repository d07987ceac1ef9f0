"""A crowd: many ask for one user at once, one of them loads, and no older read undoes a write."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from labs.judge import STORING, CacheServer, CheckFailed, Database, Request, Response, ServiceUnderTest, add_user

from .causes import why_wrong
from .race import how_a_copy_is_stored, race
from .steps import User, copies, path, told, wait_until, whole

CROWDS = (16, 10, 8, 6)  # how many ask at once: on a slow machine fewer of them may be better
LOADS = 3  # one is meant; a lock that is taken after the first look may cost another


@pytest.mark.check(level="expert", after="test_a_hit_does_not_ask")
def test_a_crowd_loads_once(service, database, cache, fresh):
    """Sixteen requests for a user without a copy: one of them loads, the others wait for it."""
    user = add_user(database, fresh)
    crowd(service, user, CROWDS[0])  # so that connections are open
    for size in CROWDS:  # on a slow machine Redis may seem away for a moment, and then everybody is right to load
        loads = loads_of_a_crowd(service, database, cache, user, size)
        if loads <= LOADS:
            return
    assert loads <= LOADS, (
        f"{size} requests came at once, and the row was loaded {loads} times at least. Whoever finds no copy has to "
        "look whether somebody is loading it already, and wait for that."
    )


@pytest.mark.check(level="expert", after="test_a_crowd_loads_once")
def test_users_do_not_wait_for_each_other(service, database, cache, fresh):
    """While one user's load is held up, another user without a copy is answered."""
    stores = how_a_copy_is_stored(service, cache, add_user(database, fresh))
    for _ in range(5):  # a slow machine may take longer than the client waits for Redis: then it says nothing
        slow, quick = add_user(database, fresh), add_user(database, fresh)
        held = cache.hold(stores(slow))
        waiting = service.begin("GET", path(slow))
        if not held.wait(1.5):
            continue
        response = service.get(path(quick))
        # A moment more: whoever has just given up waiting for Redis let the other one through, and is about to answer.
        side_by_side = not wait_until(waiting.done, 0.05)
        held.release()
        assert waiting.result().status == 200, why_wrong(waiting.result())
        assert told(response) == whole(quick), why_wrong(response)
        if side_by_side:
            return
    raise CheckFailed(
        "Requests for different users wait for each other: there is one lock for all of them. Take one per key.",
        expected=f"GET {path(quick)} is answered while GET {path(slow)} waits for Redis",
        got=f"GET {path(quick)} is answered after GET {path(slow)}",
    )


@pytest.mark.check(level="expert", after="test_a_change_is_seen_at_once")
def test_a_read_after_a_write_sees_it(service, database, cache, fresh):
    """Whoever asks after a write gets the new value, even while an older read is still under way."""
    for _ in range(3):  # on a slow machine the older read may give up waiting for Redis before it matters
        with race(service, database, cache, fresh) as scene:
            later = service.begin("GET", path(scene.user))
            wait_until(later.done, scene.moment)
        response = later.result()
        if not scene.writer_waited:
            assert told(response) == whole(scene.user), (
                "The write had been answered when this read began, and it got the old value: it was handed the result "
                "of a load that had begun before the write. Only those who came before the write may share that."
                if response.status == 200
                else why_wrong(response)
            )
        if scene.seconds < 0.2:
            return


@pytest.mark.check(level="expert", after="test_a_change_is_seen_at_once")
def test_a_slow_reader_does_not_put_yesterday_back(service, database, cache, fresh):
    """A reader loads, a writer changes and invalidates, then the reader stores: the new value stays."""
    with race(service, database, cache, fresh) as scene:
        pass
    for _ in range(2):
        response = service.get(path(scene.user))
        assert told(response) == whole(scene.user), (
            "A slow reader stored the old row after the writer had committed and invalidated. What was loaded before a "
            "write may not be stored where readers look after it: store only if nothing was written meanwhile "
            "(a generation in the key, `WATCH`, or `NX` over a tombstone)."
            if response.status == 200
            else why_wrong(response)
        )


@pytest.mark.check(level="expert", after="test_a_crowd_loads_once")
def test_a_failed_load_is_over(service, database, cache, fresh):
    """A load that fails is an error for those who waited for it, and for nobody after them."""
    user = add_user(database, fresh)
    service.get(path(user))
    cache.delete(*cache.keys())
    database.down()
    for response in service.together([Request("GET", path(user))] * 5):
        assert response.status >= 500, (
            "The database could not be read, there is no copy, and somebody was answered all the same: what was "
            "loaded before is still handed out. Take a load out of the dict when it is done."
        )
    database.up()
    response = service.get(path(user))
    assert told(response) == whole(user), (
        "The database works again, and the load that failed before is still handed out: take it out of the dict when "
        "it is done, however it ended."
    )


@pytest.mark.check(level="hard", after="test_a_crowd_loads_once")
def test_expiries_are_spread(service, database, cache, fresh):
    """Copies stored at the same moment don't expire at the same moment."""
    users = [add_user(database, fresh) for _ in range(12)]
    for user in users:
        response = service.get(path(user))
        assert response.status == 200, why_wrong(response)
    seconds = sorted(cache.ttl(key) or 0 for user in users for key in copies(cache, user)[:1])
    assert len(seconds) > len(users) // 2, "Most of these users were read, and there is no copy of them in Redis."
    if seconds[-1] - seconds[0] < 0.02 * seconds[-1]:
        raise CheckFailed(
            "All copies have the same time to live: what was stored in the same second (after a deployment, a "
            "newsletter) expires in the same second, and the database gets all of it at once. Add some per cent at "
            "random to `ex`.",
            expected="times to live that differ by 2 % at least; vary them by 5 % or more",
            got=f"{len(seconds)} copies, all between {seconds[0]:.1f} and {seconds[-1]:.1f} seconds",
        )


def crowd(
    service: ServiceUnderTest, user: User, size: int, meanwhile: Callable[[], None] = lambda: None
) -> list[Response]:
    """So many requests for one user at once; their responses. `meanwhile` is called before they are awaited."""
    requests = [service.begin("GET", path(user)) for _ in range(size)]
    meanwhile()
    responses = [request.result() for request in requests]
    for response in responses:
        assert response.status == 200, why_wrong(response)
    return responses


def loads_of_a_crowd(service: ServiceUnderTest, database: Database, cache: CacheServer, user: User, size: int) -> int:
    """How often, at least, the row was loaded for so many who asked at once."""
    cache.delete(*cache.keys())
    seen = len(cache.commands)

    def let_them_load() -> None:
        wait_until(lambda: len(cache.commands) >= seen + size, 0.1)  # everybody has looked for a copy
        database.up()

    # The row changes all the time, so that loads see different versions; and who loads, stores.
    versions = ((f"version {n}", user["id"]) for n in itertools.count())
    with database.keep_changing("UPDATE users SET name = ? WHERE id = ?", versions):
        database.hang()
        responses = crowd(service, user, size, let_them_load)
    stored = [command for command in cache.commands[seen:] if command.name in STORING and user["email"] in str(command)]
    return max(len({response.json["name"] for response in responses}), len(stored))
