"""Redis is away: reads and writes do without it, none waits for it, and it is used again when it is back."""

from __future__ import annotations

import contextlib
from concurrent.futures import Future

import pytest

from labs.judge import CheckFailed, Response, add_user, user_body

from .causes import why_down
from .steps import absent_id, begin_put, copies, path, put, rename, told, wait_until, whole

SECOND = 1.0  # seconds in which a response has to come
PATIENCE = 1.6  # seconds that are waited, to say how late it was


@pytest.mark.check(level="medium", after="test_a_miss_is_loaded_and_stored")
def test_reads_survive_without_redis(service, database, cache, fresh):
    """While Redis is down, the service starts, finds users, and answers 404 for a user who does not exist."""
    user = add_user(database, fresh)
    absent = absent_id(fresh)
    cache.down()
    for _ in range(2):
        response = service.get(path(user))
        assert told(response) == whole(user), why_down(response, "read")
    response = service.get(f"/users/{absent}")
    assert response.status == 404, why_down(response, "read")
    user["name"] = rename(database, user, fresh)
    response = service.get(path(user))
    assert told(response) == whole(user), (
        "Without Redis an old value is answered: there is a second cache in the process, which nobody can invalidate."
        if response.status == 200
        else why_down(response, "read")
    )


@pytest.mark.check(level="hard", after=("test_reads_survive_without_redis", "test_a_change_is_seen_at_once"))
def test_writes_survive_without_redis(service, database, cache, fresh):
    """While Redis is down, users are created, changed and deleted, each exactly once."""
    user = add_user(database, fresh)
    cache.down()
    user |= {"name": fresh.name(), "email": fresh.email()}
    response = put(service, user)
    assert told(response) == whole(user), why_down(response, "`PUT`")
    assert told(service.get(path(user))) == whole(user), "The change was answered with 200, and is not in the database."
    new = user_body(fresh)
    response = service.post("/users", new)
    assert response.status == 201, why_down(response, "`POST`")
    rows = database.execute("SELECT name FROM users WHERE email = ?", new["email"])
    assert rows == [(new["name"],)], (
        "The user was created with 201, and the database does not have exactly one such row."
    )
    response = service.delete(path(user))
    assert response.status == 204, why_down(response, "`DELETE`")
    response = service.get(path(user))
    assert response.status == 404, why_down(response, "read")


@pytest.mark.check(level="medium", after="test_reads_survive_without_redis")
def test_an_error_from_redis_is_survived(service, database, cache, fresh):
    """Redis answers with an error (LOADING, after a restart): the user is answered all the same."""
    user = add_user(database, fresh)
    service.get(path(user))
    cache.fail(20)
    response = service.get(path(user))
    assert told(response) == whole(user), why_down(response, "read")


@pytest.mark.check(level="hard", after="test_reads_survive_without_redis")
def test_a_silent_redis_costs_less_than_a_second(service, database, cache, fresh):
    """Redis takes the connection and says nothing: a read and a write are answered within a second each."""
    user, other = add_user(database, fresh), add_user(database, fresh)
    service.get(path(user))
    cache.hang()
    changed = other | {"name": fresh.name()}
    reading = service.begin("GET", path(user), deadline=PATIENCE)
    writing = begin_put(service, changed, deadline=PATIENCE)
    assert told(within_a_second(reading, "read")) == whole(user), why_down(reading.result(), "read")
    assert told(within_a_second(writing, "write")) == whole(changed), why_down(writing.result(), "`PUT`")


@pytest.mark.check(level="hard", after=("test_reads_survive_without_redis", "test_a_hit_does_not_ask"))
def test_redis_is_used_again(service, database, cache, fresh):
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
        "Redis has been back for more than two seconds, and nothing is stored in it: somewhere it is noted that "
        "Redis is broken, and nobody looks again."
    )
    rename(database, user, fresh)
    response = service.get(path(user))
    assert told(response) == whole(user), "Redis is back and copies are stored, but reads don't look at them."


def within_a_second(pending: Future[Response], what: str) -> Response:
    """The response to this, a read or a write, which has to come in time although Redis is silent."""
    response = None
    with contextlib.suppress(CheckFailed):
        response = pending.result()
    if response is None or response.seconds > SECOND:
        raise CheckFailed(
            f"Redis is silent, and the {what} waited for it. redis-py waits five seconds for an answer unless it is "
            "told otherwise: pass `socket_timeout=0.25` and `socket_connect_timeout=0.25` where the client is made, "
            "and no retries.",
            expected=f"an answer within {SECOND:g} s",
            got=f"nothing within {PATIENCE:g} s" if response is None else f"an answer after {response.seconds:.2f} s",
        )
    return response
