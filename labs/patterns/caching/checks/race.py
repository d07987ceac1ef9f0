"""A reader who is stopped on the way to the cache, and a writer who comes and goes meanwhile."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator

from labs.judge import STORING, CacheServer, CheckFailed, Command, Database, Fresh, ServiceUnderTest, add_user

from .causes import why_wrong
from .steps import User, begin_put, path, put, told, wait_until, whole


class Scene:
    """What a race came to."""

    def __init__(self, user: User, moment: float) -> None:
        self.user = user  # as it is after the write
        self.moment = moment  # seconds in which whoever need not wait is done
        self.writer_waited = False  # for the reader, which is a way to win this race
        self.seconds = 0.0  # how long the reader was stopped


@contextlib.contextmanager
def race(service: ServiceUnderTest, database: Database, cache: CacheServer, fresh: Fresh) -> Iterator[Scene]:
    """A reader loads and is stopped before the copy is stored; a writer comes and goes; then the block runs.

    At the end of the block the reader goes on.
    """
    user, model = add_user(database, fresh), add_user(database, fresh)
    stores = how_a_copy_is_stored(service, cache, model)
    started = time.monotonic()
    response = put(service, model | {"name": fresh.name()})
    assert response.status == 200, why_wrong(response)
    scene = Scene(user, min(0.2, max(0.08, 4 * (time.monotonic() - started))))

    held = cache.hold(stores(user))
    reading = service.begin("GET", path(user))
    if not held.wait(1.5):
        reading.result()
        raise CheckFailed(
            "A user without a copy was read, and no copy was stored. Nothing else was going on.",
            expected="a copy in Redis",
            got=[str(command) for command in cache.commands[-6:]],
        )
    started = time.monotonic()
    user |= {"name": fresh.name(), "email": fresh.email()}
    writing = begin_put(service, user)
    scene.writer_waited = not wait_until(writing.done, scene.moment)
    try:
        if not scene.writer_waited:
            assert told(writing.result()) == whole(user), why_wrong(writing.result())
        yield scene
    finally:
        scene.seconds = time.monotonic() - started
        held.release()
    assert told(writing.result()) == whole(user), why_wrong(writing.result())
    assert reading.result().status == 200, why_wrong(reading.result())


def how_a_copy_is_stored(
    service: ServiceUnderTest, cache: CacheServer, user: User
) -> Callable[[User], Callable[[Command], bool]]:
    """Watch a copy of this user being stored; a function that makes, for another user, the test for that command."""
    storing: list[Command] = []

    def stored() -> bool:
        before = len(cache.commands)
        service.get(path(user))
        storing[:] = [command for command in cache.commands[before:] if command.name in STORING]
        return bool(storing)

    if not wait_until(stored, 2.5):  # a service to which Redis seemed away may leave it alone for two seconds
        raise CheckFailed(
            "A user without a copy was read, and no copy was stored.",
            expected="a copy in Redis",
            got="no SET or HSET",
        )
    plain = [command for command in storing if user["email"] in " ".join(command.words)]
    index = storing.index(plain[0] if plain else max(storing, key=lambda command: sum(map(len, command.words))))

    def stores(other: User) -> Callable[[Command], bool]:
        count = itertools.count()

        def matches(command: Command) -> bool:
            if command.name not in STORING:
                return False
            return other["email"] in " ".join(command.words) if plain else next(count) == index

        return matches

    return stores
