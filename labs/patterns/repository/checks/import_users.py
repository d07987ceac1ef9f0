"""All or nothing: an import stores everybody or nobody, whatever goes wrong in the middle of it."""

from __future__ import annotations

import time

import pytest

from labs.judge import (
    CheckFailed,
    Database,
    Request,
    Response,
    add_user,
    assert_unlocked,
    create_user,
    error_of,
    user_body,
)

from .causes import why_no_conflict, why_no_import, why_too_late
from .steps import NOT_COMMITTED, PATIENCE, REFUSED, everybody, how_long, meanwhile, shown


@pytest.mark.check(level="easy")
def test_import_keeps_all(service, database, fresh, logs):
    """An import stores everybody and returns them in the order in which they were sent."""
    people = [user_body(fresh) for _ in range(fresh.number(5, 8))]
    response = service.post("/users/import", people, deadline=PATIENCE)
    assert response.status == 201, why_no_import(logs)
    assert [shown(user) for user in response.json] == [shown(new) for new in people], (
        "The users have to come back in the order in which they were sent. An INSERT of many rows with RETURNING gives "
        "them in any order, unless it is asked to sort (`sort_by_parameter_order=True`)."
    )
    for user, new in zip(response.json, people, strict=True):
        rows = database.execute("SELECT name, email, password_hash FROM users WHERE id = ?", user.get("id"))
        assert [row[:2] for row in rows] == [shown(user)], NOT_COMMITTED
        assert new["password"] not in str(rows[0][2]), (
            "The password itself is in the column `password_hash`: whoever reads the table can sign in as everybody."
        )
    create_user(service, fresh)
    response = service.post("/users/import", [])
    assert (response.status, response.text.strip()) == (201, "[]") or response.status == 422, (
        "An import of nobody is 201 and an empty list, or 422. "
        "An INSERT that is given no rows inserts one of default values."
    )


@pytest.mark.check(level="medium", after="test_import_keeps_all")
def test_import_is_all_or_nothing(service, database, fresh, logs):
    """An import in which one address is taken is a 409, and stores nobody, wherever that address stands."""
    taken = add_user(database, fresh)["email"]
    before = everybody(database)
    # A rollback deletes nothing, so nobody needs to be able to.
    database.execute("CREATE TRIGGER no_deletion BEFORE DELETE ON users BEGIN SELECT RAISE(ABORT, 'no deletion'); END")
    for place in (0, fresh.number(1, 2), 3):
        people = [user_body(fresh) for _ in range(4)]
        people[place]["email"] = taken
        response = service.post("/users/import", people, deadline=PATIENCE)
        assert_nobody_was_stored(database, before, "One of the addresses was taken", response)
        assert error_of(response) == (409, "CONFLICT"), why_no_conflict("POST", response, logs)
        assert_unlocked(database, "The import was refused, and its transaction is still open: nobody else can write.")
    twins = [user_body(fresh) for _ in range(3)]
    twins[2]["email"] = twins[0]["email"]
    response = service.post("/users/import", twins, deadline=PATIENCE)
    assert_nobody_was_stored(database, before, "An address stood in the list twice", response)
    assert error_of(response) == (409, "CONFLICT"), why_no_conflict("POST", response, logs)
    assert service.post("/users/import", [user_body(fresh)]).status == 201, "Nothing is in the way of this import."


@pytest.mark.check(level="medium", after="test_import_is_all_or_nothing")
def test_import_survives_accidents(service, database, fresh):
    """Whatever goes wrong in the middle of an import, a bad entry or the database itself, nobody is stored."""
    before = everybody(database)
    people = [user_body(fresh) for _ in range(4)]
    del people[2]["email"]
    response = service.post("/users/import", people, deadline=PATIENCE)
    assert_nobody_was_stored(database, before, "One entry has no e-mail", response)
    assert response.status == 422, "An entry that is not a user makes the whole body wrong: 422."
    people = [user_body(fresh) for _ in range(4)]
    database.execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON users WHEN NEW.name = '"
        + people[2]["name"]
        + "' BEGIN SELECT RAISE(ABORT, 'drill'); END"
    )
    response = service.post("/users/import", people, deadline=PATIENCE)
    database.execute("DROP TRIGGER refuse")
    assert_nobody_was_stored(database, before, "The database refused one of the rows", response)
    assert response.status >= 400, "The database refused one of the rows, and the caller was told that all is well."
    assert_unlocked(database, "The import has failed, and its transaction is still open: nobody else can write.")


@pytest.mark.check(level="hard", after="test_import_is_all_or_nothing")
def test_somebody_was_faster_than_the_import(service, database, fresh, logs):
    """Somebody takes one of the addresses while the import is under way: 409, and nobody is stored."""
    create_user(service, fresh)
    started = time.monotonic()
    assert service.post("/users/import", [user_body(fresh)], deadline=PATIENCE).status == 201, (
        "An import of new people has to be stored."
    )
    patience = how_long(started)
    before = everybody(database)
    people = [user_body(fresh) for _ in range(2)]
    other = (fresh.name(), people[1]["email"])
    [response] = meanwhile(
        service,
        database,
        [("INSERT INTO users (name, email, password_hash) VALUES (?, ?, '-')", other)],
        [Request("POST", "/users/import", json=people, deadline=PATIENCE)],
        patience,
    )
    assert error_of(response) in REFUSED, why_too_late(response, logs)
    assert_nobody_was_stored(database, [*before, other], "One of the addresses was taken in the meantime", response)


def assert_nobody_was_stored(database: Database, before: list[tuple[str, str]], what: str, response: Response) -> None:
    """Fail unless the table holds those of `before`; `what` was wrong with the import that got this response."""
    after = everybody(database)
    if sorted(after) == sorted(before):
        return
    new = [email for name, email in after if (name, email) not in before]
    if response.status == 201:
        cause = (
            f"{what}, and the import was answered with 201: whoever did not fit was left out in silence. "
            "All are stored, or none."
        )
    else:
        cause = (
            f"{what}, the import was answered with {response.status}, and {len(new)} of its people are in the table. "
            "They were committed before it failed: a unit of work for each, a repository that commits, an error that "
            "does not leave the unit. One unit around the whole loop; cleaning up by hand is not a rollback. "
            "(`begin_nested` commits, too: Python's `sqlite3` sends its SAVEPOINT without a BEGIN.)"
        )
    raise CheckFailed(cause, expected="nobody of the import in the table", got=new)
