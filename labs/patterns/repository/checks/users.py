"""A repository of users: rows come back as they were stored, and a refusal is an error that routes understand."""

from __future__ import annotations

import time

import pytest

from labs.judge import MISSING, Request, add_user, assert_unlocked, create_user, damage, error_of, user_body

from .causes import why_no_conflict, why_not_created, why_not_updated, why_too_late
from .steps import NOT_COMMITTED, PATIENCE, REFUSED, everybody, how_long, meanwhile, put_body, shown


@pytest.mark.check(level="easy")
def test_user_comes_back(service, database, fresh, logs):
    """A new user is answered, stored and found; a user who is not there is a 404."""
    body = user_body(fresh, age=fresh.number(20, 60))
    response = service.post("/users", body)
    assert response.status == 201, why_not_created(response, logs)
    assert shown(response.json) == shown(body), "The answer has to be the user that was created."
    user_id = response.json.get("id")
    rows = database.execute("SELECT name, email FROM users WHERE id = ?", user_id)
    assert rows == [shown(body)], NOT_COMMITTED
    [(age,)] = database.execute("SELECT age FROM users WHERE id = ?", user_id)
    assert age == body["age"], "The `age` that was sent is not in the row: `add` stores all that it was given."
    response = service.get(f"/users/{user_id}")
    assert response.status == 200, "The user was created, and the next read does not find them."
    assert shown(response.json) == shown(body), "The user that was created and the one that is read are not the same."
    response = service.get(f"/users/{MISSING}")
    assert error_of(response) == (404, "NOT_FOUND"), (
        "Nobody has this id: `get` has to raise `NotFoundError`. "
        "`session.get` returns `None` then, which is not a user."
    )


@pytest.mark.check(level="easy", after="test_user_comes_back")
def test_newest_first(service, database, fresh):
    """A page of users is newest first, with the total of all pages."""
    users = [add_user(database, fresh) for _ in range(fresh.number(7, 11))]
    for number, user in enumerate(users):  # the order of the ids is not the order of time, and there are ties
        when = f"2026-03-{1 + number * 4 % 7 // 2:02} 09:00:00.000"
        database.execute("UPDATE users SET created_at = ? WHERE id = ?", when, user["id"])
    newest = [row for (row,) in database.execute("SELECT id FROM users ORDER BY created_at DESC, id DESC")]
    for page in (1, 2, 3):
        response = service.get(f"/users?page={page}&page_size=3")
        assert response.status == 200, "There are users: a page of them is a 200."
        got = [user.get("id") for user in response.json["items"]]
        assert got == newest[3 * page - 3 : 3 * page], (
            "These are not the users of this page: newest first means `created_at` descending, then `id` descending; a "
            "page skips `(page - 1) * page_size` rows."
        )
        assert response.json.get("total") == len(users), "`total` counts the users of all pages, not those on this one."
    damage(database, "users", "name", newest[3:])
    response = service.get("/users?page=1&page_size=3")
    assert response.status == 200 and [user.get("id") for user in response.json["items"]] == newest[:3], (
        "Users on other pages were damaged, and this page fails: they are loaded and thrown away. `limit`, `offset` "
        "and the count belong in the query."
    )


@pytest.mark.check(level="medium", after="test_user_comes_back")
def test_update_changes_two_columns(service, database, fresh, logs):
    """PUT changes the name and the e-mail of a user who is there, and nothing else."""
    user = create_user(service, fresh, age=fresh.number(20, 60))
    rest = "SELECT password_hash, age, created_at FROM users WHERE id = ?"
    before = database.execute(rest, user["id"])
    email = fresh.email()
    for _ in range(2):  # the second time the e-mail stays
        body = put_body(fresh, email=email)
        response = service.put(f"/users/{user['id']}", body)
        assert response.status == 200, why_not_updated(response, logs)
        assert (response.json.get("id"), *shown(response.json)) == (user["id"], *shown(body)), (
            "The answer to PUT is the user as they are now."
        )
        stored = database.execute("SELECT name, email FROM users WHERE id = ?", user["id"])
        assert stored == [(body["name"], body["email"])], (
            "PUT was answered with 200, and the row is as before: not sent, or not committed."
        )
    assert database.execute(rest, user["id"]) == before, (
        "PUT changed columns that it was not given (`password_hash`, `age`, `created_at`): set the two attributes, "
        "don't replace the row."
    )
    response = service.put(f"/users/{MISSING}", put_body(fresh))
    assert error_of(response) == (404, "NOT_FOUND"), (
        "There is no such user, so there is nothing to change: PUT has to say 404. `merge` would insert one, and an "
        "UPDATE that finds no row says nothing by itself."
    )
    assert database.execute("SELECT count(*) FROM users") == [(1,)], "PUT for a user who is not there made one."


@pytest.mark.check(level="medium", after="test_update_changes_two_columns")
def test_taken_is_a_conflict(service, database, fresh, logs):
    """An e-mail that is taken is a 409 CONFLICT, for POST and for PUT, and changes nothing."""
    ada, bob = create_user(service, fresh), create_user(service, fresh)
    before = everybody(database)
    for method, path, body in (("POST", "/users", user_body), ("PUT", f"/users/{bob['id']}", put_body)) * 2:
        response = service.request(method, path, json=body(fresh, email=ada["email"]))
        assert error_of(response) == (409, "CONFLICT"), why_no_conflict(method, response, logs)
        shown_too = [value for value in (ada["email"], "INSERT", "UPDATE", "users.") if value in response.text]
        assert shown_too == [], (
            "The 409 shows what the database said: the text of an `IntegrityError` has the statement and its "
            "parameters, password hash included. Give `ConflictError` a text of your own."
        )
        assert everybody(database) == before, f"`{method}` was refused, and the table is another one than before."
        assert_unlocked(database, f"`{method}` was refused, and its transaction is still open: nobody else can write.")
    create_user(service, fresh)
    response = service.put(f"/users/{bob['id']}", put_body(fresh))
    assert response.status == 200, "After a refusal the next change, with a free address, is fine."


@pytest.mark.check(level="hard", after="test_taken_is_a_conflict")
def test_somebody_was_faster(service, database, fresh, logs):
    """Somebody else takes the e-mail while the request is under way: still 409, never 500."""
    create_user(service, fresh)
    started = time.monotonic()
    user = create_user(service, fresh)
    patience = how_long(started)
    taken = [fresh.email(), fresh.email()]
    requests = [
        Request("POST", "/users", json=user_body(fresh, email=taken[0]), deadline=PATIENCE),
        Request("PUT", f"/users/{user['id']}", json=put_body(fresh, email=taken[1]), deadline=PATIENCE),
    ]
    insert = "INSERT INTO users (name, email, password_hash) VALUES (?, ?, '-')"
    taking = [(insert, (fresh.name(), email)) for email in taken]
    for response in meanwhile(service, database, taking, requests, patience):
        assert error_of(response) in REFUSED, why_too_late(response, logs)
    create_user(service, fresh)


@pytest.mark.check(level="hard", after="test_taken_is_a_conflict")
def test_one_of_many_wins(service, database, fresh, logs):
    """Eight sign-ups with one e-mail at once: one 201, the others 409."""
    create_user(service, fresh)
    started = time.monotonic()
    create_user(service, fresh)
    patience = how_long(started)
    email = fresh.email()
    requests = [Request("POST", "/users", json=user_body(fresh, email=email), deadline=PATIENCE) for _ in range(8)]
    # Somebody else writes nothing, and has the lock: otherwise the first may be done before the second looks.
    responses = meanwhile(service, database, [], requests, patience)
    winners = [response.json for response in responses if response.status == 201]
    rows = database.execute("SELECT name FROM users WHERE email = ?", email)
    assert len(winners) == len(rows) == 1, "One of them has to get the address, and the others not."
    assert rows == [(winners[0].get("name"),)], "The one who was told 201 is not the one in the table."
    for response in responses:
        assert response.status == 201 or error_of(response) in REFUSED, why_too_late(response, logs)
