"""The truth and its copy: what the table holds is what reads answer, with the cache and without it."""

from __future__ import annotations

import re
from concurrent.futures import Future, wait
from typing import Any

import pytest

from labs.judge import (
    WRITING,
    CheckFailed,
    Command,
    Fresh,
    Response,
    ServiceUnderTest,
    add_user,
    away,
    create_user,
    no_response_means,
    user_body,
)

from .steps import PATIENCE, assert_found, expect, put, shown, whole

DROPPING = WRITING | {"EXPIRE"}  # the commands by which a write may let go of a copy

NEEDS_NO_SESSION = (
    "A copy is in Redis, and the database was asked all the same. A hit needs none: whoever asks the table belongs "
    "into the function that `copies.read` may call or not, session and all."
)

WITHOUT_REDIS = "Redis is away, and that is felt outside: the database has the truth, and the route answers as always."


@pytest.mark.check(level="easy")
def test_a_users_life(service, database, fresh):
    """Created, read, changed, read, imported, deleted: each step is seen by the next, and in the table."""
    user = create_user(service, fresh)
    assert_found(service, user, "The user was created and is not found.")
    user |= {"name": fresh.name(), "email": fresh.email()}
    expect(put(service, user), 200, "`PUT` answers the user as changed.")
    assert_found(service, user, "A read after the change still answers the old copy: who drops it?")
    row = database.execute("SELECT name, email FROM users WHERE id = ?", user["id"])
    assert row == [(user["name"], user["email"])], (
        "The change was answered with 200 and is not in the table: not committed."
    )
    others = import_people(service, fresh, 3)
    for other in others:
        assert_found(service, other, "A user was imported and is not found.")
    for gone in (user, others[1]):
        expect(service.delete(f"/users/{gone['id']}"), 204, "A user can be deleted.")
        response = service.get(f"/users/{gone['id']}")
        expect(response, 404, "The user was deleted, and is still answered: the copy has to go with the row.")
    remaining = {name for (name,) in database.execute("SELECT name FROM users")}
    assert remaining == {others[0]["name"], others[2]["name"]}, (
        "The table does not hold the users that the answers said."
    )


@pytest.mark.check(level="medium", after="test_a_users_life")
def test_nobody_becomes_somebody(service, database, fresh):
    """A user who was asked for before being created is found afterwards."""
    first = add_user(database, fresh)["id"]
    for ahead in (1, 2, 3):
        expect(service.get(f"/users/{first + ahead}"), 404, "Nobody has this id.")
    for user in (create_user(service, fresh), *import_people(service, fresh, 2)):
        assert_found(
            service,
            user,
            "The user was created, and a remembered absence says that there is no such user: "
            "drop the copy of new users, too.",
        )


@pytest.mark.check(level="medium", after="test_a_users_life")
def test_refused_write_changes_nothing(service, database, fresh):
    """A change or an import that is refused with 409 leaves no row and no copy."""
    user, other = create_user(service, fresh), create_user(service, fresh)
    assert_found(service, user, "The user was created and is not found.")
    response = put(service, user | {"name": fresh.name(), "email": other["email"]})
    expect(response, 409, "The address is another user's.")
    assert_found(service, user, "The change was refused, and a read answers it all the same.")
    people = [user_body(fresh), user_body(fresh), user_body(fresh, email=user["email"])]
    expect(service.post("/users/import", people), 409, "The last one's address is taken.")
    rows = database.execute("SELECT count(*) FROM users")[0][0]
    assert rows == 2, (
        "An import was refused because of its last row, and others of it are in the table: one transaction, one commit."
    )


@pytest.mark.check(level="medium", after="test_a_users_life")
def test_copy_answers_without_the_database(service, database, fresh):
    """A user whose copy is in Redis is answered while the database is stuck, or away."""
    user = add_user(database, fresh)  # past the service: after a write of its own it may store no copy for a while
    assert_found(service, user, "The user is in the table and is not found.")
    assert_found(service, user, "The user was read, and then not found.")
    for fault in ("hang", "down"):
        with away(database, fault=fault), no_response_means(NEEDS_NO_SESSION, expected="200, from the copy"):
            response = service.get(f"/users/{user['id']}", deadline=2.0)
        expect(response, 200, NEEDS_NO_SESSION)
        assert shown(response) == whole(user), "What comes out of the copy is not what went in."


@pytest.mark.check(level="hard", after="test_a_users_life")
def test_write_without_redis(service, database, cache, fresh):
    """While Redis is away, writes are answered with 2xx and done once."""
    user = create_user(service, fresh)
    assert_found(service, user, "The user was created and is not found.")
    with away(cache):
        changed = user | {"name": fresh.name()}
        response = put(service, changed)
        row = database.execute("SELECT name FROM users WHERE id = ?", user["id"])
        if response.status >= 500 and row == [(changed["name"],)]:
            raise CheckFailed(
                "The change is in the table, and the client is told that it failed: dropping the copy raised, after "
                "the commit. What fails then is no longer the client's business.",
                expected="200",
                got=response,
            )
        expect(response, 200, WITHOUT_REDIS)
        assert row == [(changed["name"],)], "The change was answered with 200, and is not in the table."
        new = user_body(fresh)
        expect(service.post("/users", new), 201, WITHOUT_REDIS)
        expect(service.get(f"/users/{user['id']}"), 200, WITHOUT_REDIS)
        expect(service.delete(f"/users/{user['id']}"), 204, WITHOUT_REDIS)
    rows = database.execute("SELECT email FROM users")
    assert rows == [(new["email"],)], "What the answers said is not what the table holds."


@pytest.mark.check(level="expert", after="test_a_users_life")
def test_copy_goes_after_the_commit(service, cache, fresh):
    """Whoever reads while copies are being dropped finds what is committed, and leaves no remembered absence behind."""
    seen = len(cache.commands)
    import_people(service, fresh, 3)
    writes = sum(command.name in DROPPING for command in cache.commands[seen:])
    people = [user_body(fresh) for _ in range(3)]
    count = iter(range(1, 1000))
    held = cache.hold(lambda command: command.name in DROPPING and next(count) == writes)
    importing = service.begin("POST", "/users/import", json=people, deadline=PATIENCE)
    readers: list[Future[Response]] = []
    if writes and held.wait(3.0):  # all but the last copy are dropped: is the row there?
        last = max(found_ids(cache.commands), default=0)
        readers = [
            service.begin("GET", f"/users/{number}", deadline=PATIENCE) for number in range(max(1, last - 2), last + 1)
        ]
        wait(readers, timeout=1.0)
    held.release()
    response = importing.result()
    expect(response, 201, "An import that fits is answered with 201, however slow Redis is.")
    for reader in readers:
        reader.result()
    for user in response.json:
        assert_found(
            service,
            user,
            "While copies were dropped somebody asked for the new user, found nobody, and that was remembered: the "
            "copies were dropped before the commit. First the truth, then the copy.",
        )


def import_people(service: ServiceUnderTest, fresh: Fresh, count: int) -> list[dict[str, Any]]:
    """Have the service import so many people; the users that they have become."""
    people = [user_body(fresh) for _ in range(count)]
    response = service.post("/users/import", people, deadline=PATIENCE)
    expect(response, 201, "People who fit are imported: 201, and the users.")
    got = [user.get("email") for user in response.json]
    assert got == [one["email"] for one in people], "An import answers the users that it stored, in the order sent."
    return [{name: user[name] for name in ("id", "name", "email")} for user in response.json]


def found_ids(commands: list[Command]) -> set[int]:
    """The numbers in the keys of Redis' commands."""
    return {
        int(number)
        for command in commands
        for word in command.words[1:3]
        for number in re.findall(r"(?<!\w)\d{1,6}(?!\w)", word)
    }
