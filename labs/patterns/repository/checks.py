"""What units of work promise, seen from outside: answers and rows, while others write and while things fail."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Sequence
from typing import Any

import pytest

from labs.judge import Answer, CheckFailed, Logs, Request, ServiceUnderTest, create_order, create_user

User = dict[str, Any]

MISSING = 987_654_321  # an id that nobody has
FAILURES = 16  # one more than SQLAlchemy's pool holds
ROWS = 60  # on the list whose cost is measured
STATEMENTS = 10  # that it may send; two or three are meant
# A byte that is no UTF-8: SQLite sorts, joins and counts such a row, and no driver can load it.
DAMAGE = "UPDATE {table} SET {column} = CAST(CAST({column} AS BLOB) || x'ff' AS TEXT) WHERE {key} = ?"
WORK = 60_000  # steps that make a statement slow: some ten milliseconds


# One session, one transaction


@pytest.mark.check("unit_of_work", level="easy")
def test_work_is_kept(service, database, fresh, logs):
    """What was answered with 201 is in the table, and survives a restart."""
    user = add_user(database, fresh)
    body = {"user_id": user["id"], "item": fresh.item(), "amount": fresh.number(1, 99_999)}
    answer = service.post("/orders", body)
    assert answer.status == 201, why_not_created(answer, logs)
    got = {name: answer.json.get(name) for name in (*body, "status")}
    assert got == {**body, "status": "open"}, "The answer has to be the order that was created."
    rows = database.execute("SELECT user_id, item, amount FROM orders WHERE id = ?", answer.json.get("id"))
    assert rows == [tuple(body.values())], NOT_COMMITTED
    service.start()
    path = f"/orders/{answer.json['id']}"
    again = service.get(path)
    assert again.status == 200, "The order is in the table, and after a restart the service does not find it."
    assert service.get(f"/orders/{MISSING}").status == 404, (
        "There is no such order: `NotFoundError` is raised in the block, and that is a 404. Whoever catches it there, to roll back, raises it "
        "again."
    )


@pytest.mark.check("unit_of_work", level="medium", after="test_work_is_kept")
def test_failure_leaves_nothing(service, database, fresh):
    """A unit of work that fails leaves neither a row nor a lock, and the caller is told."""
    user = add_user(database, fresh)
    for _ in range(3):
        answer = service.send(fail_after_insert(fresh))
        assert answer.status == 500, (
            "The unit of work raised an exception, and the caller was not told: `unit_of_work` swallows it. Roll back, and let it through."
        )
        assert_unlocked(
            database,
            "The unit of work has failed, and its transaction is still open: nobody else can write. Close the session on every path: "
            "`async with`, or `try`/`finally` around the `yield`.",
        )
    create_order(service, fresh, user_id=user["id"])
    names = [name for (name,) in database.execute("SELECT name FROM users ORDER BY id")]
    assert names == [user["name"]], (
        "A unit of work failed and left its row: it was committed all the same. A `commit` in `finally` runs after an error, too, and an engine "
        "in AUTOCOMMIT has no transaction at all; a session that is shared commits what the unit before it left."
    )


@pytest.mark.check("unit_of_work", level="medium", after="test_failure_leaves_nothing")
def test_sessions_are_given_back(service, database, fresh):
    """After many units of work, failed ones among them, there are connections for the next."""
    order = create_order(service, fresh, user_id=add_user(database, fresh)["id"])
    for _ in range(FAILURES):
        answered_in_time(service, fail_after_insert(fresh), NOT_GIVEN_BACK)
        answered_in_time(service, Request("GET", f"/orders/{MISSING}"), NOT_GIVEN_BACK)
    answer = answered_in_time(service, Request("GET", f"/orders/{order['id']}"), NOT_GIVEN_BACK)
    assert answer.status == 200, NOT_GIVEN_BACK


@pytest.mark.check("unit_of_work", level="hard", after="test_failure_leaves_nothing")
def test_units_overlap(service, database, fresh, logs):
    """Units of work that overlap share nothing: those that succeed are kept, those that fail leave nothing."""
    user = add_user(database, fresh)
    orders = [{"user_id": user["id"], "item": fresh.item(), "amount": fresh.number(1, 9_999)} for _ in range(4)]
    good = [Request("POST", "/orders", json=order, deadline=8.0) for order in orders]
    bad = [fail_after_insert(fresh, deadline=8.0) for _ in range(2)]
    service.get(f"/orders/{MISSING}")
    started = time.monotonic()
    service.get(f"/orders/{MISSING}")
    patience = max(0.1, 2 * how_long(started))
    database.hang()  # so that all of them are under way at the same time
    try:
        mixed = [request for pair in zip(good, bad, strict=False) for request in pair] + good[len(bad) :]
        waiting = {id(request): begin(service, request) for request in mixed}
        time.sleep(patience)
    finally:
        database.up()
    for request in mixed:
        answer = waiting[id(request)].result()
        assert answer.status == (500 if request in bad else 201), locked(logs) or SHARED
        if request in good:
            assert answer.json.get("item") == request.json["item"], SHARED
    items = {item for (item,) in database.execute("SELECT item FROM orders")}
    assert items == {order["item"] for order in orders}, SHARED
    assert database.execute("SELECT name FROM users") == [(user["name"],)], SHARED


# A repository


@pytest.mark.check("users", level="easy")
def test_user_comes_back(service, database, fresh, logs):
    """A new user is answered, stored and found; somebody who is not there is a 404."""
    body = {**new_user(fresh), "age": fresh.number(20, 60)}
    answer = service.post("/users", body)
    assert answer.status == 201, why_not_created(answer, logs)
    assert shown(answer.json) == shown(body), "The answer has to be the user that was created."
    user_id = answer.json.get("id")
    rows = database.execute("SELECT name, email FROM users WHERE id = ?", user_id)
    assert rows == [shown(body)], NOT_COMMITTED
    [(age,)] = database.execute("SELECT age FROM users WHERE id = ?", user_id)
    assert age == body["age"], "The `age` that was sent is not in the row: `add` stores all that it was given."
    answer = service.get(f"/users/{user_id}")
    assert answer.status == 200, "The user was created, and the next read does not find them."
    assert shown(answer.json) == shown(body), "The user that was created and the one that is read are not the same."
    answer = service.get(f"/users/{MISSING}")
    assert told(answer) == (404, "NOT_FOUND"), (
        "Nobody has this id: `get` has to raise `NotFoundError`. `session.get` returns `None` then, which is no user."
    )


@pytest.mark.check("users", level="easy", after="test_user_comes_back")
def test_newest_first(service, database, fresh):
    """A page of users is newest first, with the total of all pages."""
    users = [add_user(database, fresh) for _ in range(fresh.number(7, 11))]
    for number, user in enumerate(users):  # the order of the ids is not the order of time, and there are ties
        when = f"2026-03-{1 + number * 4 % 7 // 2:02} 09:00:00.000"
        database.execute("UPDATE users SET created_at = ? WHERE id = ?", when, user["id"])
    newest = [row for (row,) in database.execute("SELECT id FROM users ORDER BY created_at DESC, id DESC")]
    for page in (1, 2, 3):
        answer = service.get(f"/users?page={page}&page_size=3")
        assert answer.status == 200, "There are users: a page of them is a 200."
        got = [user.get("id") for user in answer.json["items"]]
        assert got == newest[3 * page - 3 : 3 * page], (
            "These are not the users of this page: newest first means `created_at` descending, then `id` descending; a page "
            "skips `(page - 1) * page_size` rows."
        )
        assert answer.json.get("total") == len(users), "`total` counts the users of all pages, not those on this one."
    damage = DAMAGE.format(table="users", column="name", key="id")
    database.execute_many(damage, [(user_id,) for user_id in newest[3:]])
    answer = service.get("/users?page=1&page_size=3")
    assert answer.status == 200 and [user.get("id") for user in answer.json["items"]] == newest[:3], (
        "Users on other pages were damaged, and this page fails: they are loaded and thrown away. `limit`, `offset` and the count belong "
        "into the query."
    )


@pytest.mark.check("users", level="medium", after="test_user_comes_back")
def test_update_changes_two_columns(service, database, fresh, logs):
    """PUT changes the name and the e-mail of a user who is there, and nothing else."""
    user = create_user(service, fresh, age=fresh.number(20, 60))
    rest = "SELECT password_hash, age, created_at FROM users WHERE id = ?"
    before = database.execute(rest, user["id"])
    email = fresh.email()
    for _ in range(2):  # the second time the e-mail stays
        body = {"name": fresh.name(), "email": email}
        answer = service.put(f"/users/{user['id']}", body)
        assert answer.status == 200, why_not_updated(answer, logs)
        assert (answer.json.get("id"), *shown(answer.json)) == (user["id"], *shown(body)), (
            "The answer to PUT is the user as they are now."
        )
        stored = database.execute("SELECT name, email FROM users WHERE id = ?", user["id"])
        assert stored == [(body["name"], body["email"])], (
            "PUT was answered with 200, and the row is as before: not sent, or not committed."
        )
    assert database.execute(rest, user["id"]) == before, (
        "PUT changed columns that it was not given (`password_hash`, `age`, `created_at`): set the two attributes, don't replace the row."
    )
    answer = service.put(f"/users/{MISSING}", {"name": fresh.name(), "email": fresh.email()})
    assert told(answer) == (404, "NOT_FOUND"), (
        "There is no such user, so there is nothing to change: PUT has to say 404. `merge` would insert one, and an UPDATE that "
        "finds no row says nothing by itself."
    )
    assert database.execute("SELECT count(*) FROM users") == [(1,)], "PUT for a user who is not there made one."


@pytest.mark.check("users", level="medium", after="test_update_changes_two_columns")
def test_taken_is_a_conflict(service, database, fresh, logs):
    """An e-mail that is taken is a 409 CONFLICT, for POST and for PUT, and changes nothing."""
    ada, bob = create_user(service, fresh), create_user(service, fresh)
    before = everybody(database)
    for method, path in (("POST", "/users"), ("PUT", f"/users/{bob['id']}")) * 2:
        answer = service.request(method, path, json=new_user(fresh, email=ada["email"], put=method == "PUT"))
        assert told(answer) == (409, "CONFLICT"), why_no_conflict(method, answer, logs)
        shown_too = [value for value in (ada["email"], "INSERT", "UPDATE", "users.") if value in answer.text]
        assert shown_too == [], (
            "The 409 shows what the database said: the text of an `IntegrityError` has the statement and its parameters, password hash "
            "included. Give `ConflictError` a text of your own."
        )
        assert everybody(database) == before, f"`{method}` was refused, and the table is another one than before."
        assert_unlocked(database, f"`{method}` was refused, and its transaction is still open: nobody else can write.")
    create_user(service, fresh)
    answer = service.put(f"/users/{bob['id']}", new_user(fresh, put=True))
    assert answer.status == 200, "After a refusal the next change, with a free address, is fine."


@pytest.mark.check("users", level="hard", after="test_taken_is_a_conflict")
def test_somebody_was_faster(service, database, fresh, logs):
    """Somebody else takes the e-mail while the request is under way: still 409, never 500."""
    create_user(service, fresh)
    started = time.monotonic()
    user = create_user(service, fresh)
    patience = how_long(started)
    taken = [fresh.email(), fresh.email()]
    requests = [
        Request("POST", "/users", json=new_user(fresh, email=taken[0]), deadline=8.0),
        Request("PUT", f"/users/{user['id']}", json=new_user(fresh, email=taken[1], put=True), deadline=8.0),
    ]
    insert = "INSERT INTO users (name, email, password_hash) VALUES (?, ?, '-')"
    for answer in meanwhile(
        service, database, [(insert, (fresh.name(), email)) for email in taken], requests, patience
    ):
        assert told(answer) in REFUSED, why_too_late(answer, logs)
    create_user(service, fresh)


@pytest.mark.check("users", level="hard", after="test_taken_is_a_conflict")
def test_one_of_many_wins(service, database, fresh, logs):
    """Eight sign-ups with one e-mail at once: one 201, the others 409."""
    create_user(service, fresh)
    started = time.monotonic()
    create_user(service, fresh)
    patience = how_long(started)
    email = fresh.email()
    requests = [Request("POST", "/users", json=new_user(fresh, email=email), deadline=8.0) for _ in range(8)]
    answers = meanwhile(service, database, [], requests, patience)  # else the first may be done before the second looks
    winners = [answer.json for answer in answers if answer.status == 201]
    rows = database.execute("SELECT name FROM users WHERE email = ?", email)
    assert len(winners) == len(rows) == 1, "One of them has to get the address, and the others not."
    assert rows == [(winners[0].get("name"),)], "The one who was told 201 is not the one in the table."
    for answer in answers:
        assert answer.status == 201 or told(answer) in REFUSED, why_too_late(answer, logs)


# All or nothing


@pytest.mark.check("import_users", level="easy")
def test_import_keeps_all(service, database, fresh, logs):
    """An import stores everybody and answers them in the order in which they were sent."""
    people = [new_user(fresh) for _ in range(fresh.number(5, 8))]
    answer = service.post("/users/import", people, deadline=8.0)
    assert answer.status == 201, why_no_import(answer, logs)
    assert [shown(user) for user in answer.json] == [shown(new) for new in people], (
        "The users have to come back in the order in which they were sent. An INSERT of many rows with RETURNING gives them in any order, "
        "unless it is asked to sort (`sort_by_parameter_order=True`)."
    )
    for user, new in zip(answer.json, people, strict=True):
        rows = database.execute("SELECT name, email, password_hash FROM users WHERE id = ?", user.get("id"))
        assert [row[:2] for row in rows] == [shown(user)], NOT_COMMITTED
        assert new["password"] not in str(rows[0][2]), (
            "The password itself is in the column `password_hash`: whoever reads the table can sign in as everybody."
        )
    create_user(service, fresh)
    answer = service.post("/users/import", [])
    assert (answer.status, answer.text.strip()) == (201, "[]") or answer.status == 422, (
        "An import of nobody is 201 and an empty list, or 422. An INSERT that is given no rows inserts one of default values."
    )


@pytest.mark.check("import_users", level="medium", after="test_import_keeps_all")
def test_import_is_all_or_nothing(service, database, fresh, logs):
    """An import in which one address is taken is a 409, and stores nobody, wherever that one stands."""
    taken = add_user(database, fresh)["email"]
    before = everybody(database)
    # A rollback deletes nothing, so nobody needs to be able to.
    database.execute("CREATE TRIGGER no_deletion BEFORE DELETE ON users BEGIN SELECT RAISE(ABORT, 'no deletion'); END")
    for place in (0, fresh.number(1, 2), 3):
        people = [new_user(fresh) for _ in range(4)]
        people[place]["email"] = taken
        answer = service.post("/users/import", people, deadline=8.0)
        assert_nobody_was_stored(database, before, "One of the addresses was taken", answer)
        assert told(answer) == (409, "CONFLICT"), why_no_conflict("POST", answer, logs)
        assert_unlocked(database, "The import was refused, and its transaction is still open: nobody else can write.")
    twins = [new_user(fresh) for _ in range(3)]
    twins[2]["email"] = twins[0]["email"]
    answer = service.post("/users/import", twins, deadline=8.0)
    assert_nobody_was_stored(database, before, "An address stood in the list twice", answer)
    assert told(answer) == (409, "CONFLICT"), why_no_conflict("POST", answer, logs)
    assert service.post("/users/import", [new_user(fresh)]).status == 201, "Nothing is in the way of this import."


@pytest.mark.check("import_users", level="medium", after="test_import_is_all_or_nothing")
def test_import_survives_accidents(service, database, fresh):
    """Whatever goes wrong in the middle of an import, a bad entry or the database itself, nobody is stored."""
    before = everybody(database)
    people = [new_user(fresh) for _ in range(4)]
    del people[2]["email"]
    answer = service.post("/users/import", people, deadline=8.0)
    assert_nobody_was_stored(database, before, "One entry has no e-mail", answer)
    assert answer.status == 422, "An entry that is no user makes the whole body wrong: 422."
    people = [new_user(fresh) for _ in range(4)]
    database.execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON users WHEN NEW.name = '"
        + people[2]["name"]
        + "' BEGIN SELECT RAISE(ABORT, 'drill'); END"
    )
    answer = service.post("/users/import", people, deadline=8.0)
    database.execute("DROP TRIGGER refuse")
    assert_nobody_was_stored(database, before, "The database refused one of the rows", answer)
    assert answer.status >= 400, "The database refused one of the rows, and the caller was told that all is well."
    assert_unlocked(database, "The import has failed, and its transaction is still open: nobody else can write.")


@pytest.mark.check("import_users", level="hard", after="test_import_is_all_or_nothing")
def test_somebody_was_faster_than_the_import(service, database, fresh, logs):
    """Somebody takes one of the addresses while the import is under way: 409, and nobody is stored."""
    create_user(service, fresh)
    started = time.monotonic()
    assert service.post("/users/import", [new_user(fresh)], deadline=8.0).status == 201, (
        "An import of new people has to be stored."
    )
    patience = how_long(started)
    before = everybody(database)
    people = [new_user(fresh) for _ in range(2)]
    other = (fresh.name(), people[1]["email"])
    [answer] = meanwhile(
        service,
        database,
        [("INSERT INTO users (name, email, password_hash) VALUES (?, ?, '-')", other)],
        [Request("POST", "/users/import", json=people, deadline=8.0)],
        patience,
    )
    assert told(answer) in REFUSED, why_too_late(answer, logs)
    assert_nobody_was_stored(database, [*before, other], "One of the addresses was taken in the meantime", answer)


# Lists


@pytest.mark.check("lists", level="easy")
def test_orders_of_a_user(service, database, fresh, logs):
    """A user's orders come oldest first; one without orders has an empty list, and nobody a 404."""
    ada, bob = add_user(database, fresh), add_user(database, fresh)
    orders = [add_order(database, fresh, ada, minute) for minute in (30, 10, 50, 10)]
    expected = [order for _, order in sorted((minute, order) for minute, order in zip((30, 10, 50, 10), orders))]
    answer = service.get(f"/users/{ada['id']}/orders")
    assert answer.status == 200, why_no_list(answer, logs)
    assert [order.get("id") for order in answer.json] == expected, OLDEST_FIRST
    wanted = {"user_id", "item", "amount", "status"}
    assert all(wanted <= set(order) for order in answer.json), "Each order has all the members of an order."
    answer = service.get(f"/users/{bob['id']}/orders")
    assert (answer.status, answer.text.replace(" ", "")) == (200, "[]"), (
        "This user is there and has no orders: that is 200 and an empty list."
    )
    answer = service.get(f"/users/{MISSING}/orders")
    assert told(answer) == (404, "NOT_FOUND"), (
        "Nobody has this id: that is a 404, not an empty list. Look for the user, not only for orders."
    )


@pytest.mark.check("lists", level="medium", after="test_orders_of_a_user")
def test_customers_have_their_orders(service, database, fresh, logs):
    """The newest users come with their orders, oldest first, those without any included."""
    users = [add_user(database, fresh) for _ in range(7)]
    wanted = []
    for number, user in enumerate(users):
        minutes = [50 - 7 * (place % 3) - place for place in range((number * 2) % 5)]
        ids = [add_order(database, fresh, user, minute) for minute in minutes]
        wanted.append((user["id"], [order for _, order in sorted(zip(minutes, ids, strict=True))]))
    wanted.reverse()
    first = add_user(database, fresh)  # has the highest id, and was created before all others
    database.execute("UPDATE users SET created_at = '2020-01-01 00:00:00.000' WHERE id = ?", first["id"])
    wanted.append((first["id"], []))
    for limit in (5, 8):
        answer = service.get(f"/customers?limit={limit}")
        assert answer.status == 200, why_no_list(answer, logs)
        got = [(user.get("id"), [order.get("id") for order in user["orders"]]) for user in answer.json]
        assert got == wanted[:limit], why_customers(got, wanted[:limit])
    assert shown(answer.json[0]) == shown(users[-1]), "Each of the customers is a user, with name and e-mail."


@pytest.mark.check("lists", level="medium", after="test_customers_have_their_orders")
def test_only_what_is_shown_is_loaded(service, database, fresh):
    """Users and orders beyond the limit are not loaded: damaged ones, which nobody can load, do no harm."""
    others = [add_user(database, fresh) for _ in range(3)]
    for user in others:
        add_order(database, fresh, user, 10)
    users = [add_user(database, fresh) for _ in range(3)]
    orders = [add_order(database, fresh, user, 20) for user in users]
    for table, column in (("users", "name"), ("orders", "item")):
        key = "id" if table == "users" else "user_id"
        sql = DAMAGE.format(table=table, column=column, key=key)
        database.execute_many(sql, [(user["id"],) for user in others])
        answer = service.get(f"/customers?limit={len(users)}")
        assert answer.status == 200, (
            f"Rows of `{table}` that belong to nobody on this list were damaged, and the list fails: they are loaded and thrown away. "
            "Limit the users in the query, and ask for the orders of these."
        )
    assert [user["orders"][0]["id"] for user in answer.json] == orders[::-1], (
        "The list is another one since rows that are not on it were damaged."
    )


@pytest.mark.check("lists", level="hard", after="test_customers_have_their_orders")
def test_cost_does_not_grow(service, database, fresh):
    """Sixty customers with their orders take a few statements, not one for each."""
    people = [(fresh.name(), fresh.email()) for _ in range(ROWS)]
    database.execute_many("INSERT INTO users (name, email, password_hash) VALUES (?, ?, '-')", people)
    database.execute("INSERT INTO orders (user_id, item, amount) SELECT id, ?, id FROM users", fresh.item())
    path = f"/customers?limit={ROWS}"
    quick = min(get_all(service, path) for _ in range(3))
    slow_down(database)
    a_statement = min(one_statement(database) for _ in range(4))
    slow, counted = float("inf"), float(ROWS)
    for attempt in range(12):  # on a busy machine more than once, unless it is clear
        if attempt > 3 and counted > 3 * STATEMENTS:
            break
        slow = min(slow, get_all(service, path))
        a_statement = min(a_statement, one_statement(database))
        # The least of each, for other processes only add to it. And many statements make `quick` uncertain, too.
        counted = (slow - min(quick, STATEMENTS / 2 * a_statement)) / a_statement
        if counted <= STATEMENTS:
            return
    raise CheckFailed(
        f"Each statement was made to take {a_statement * 1000:.0f} ms, and the list of {ROWS} customers took as long as about "
        f"{counted:.0f} of them: it asks for each user's orders separately (N + 1 statements). Load the orders of all of them at once: "
        "`selectinload`, one `WHERE user_id IN (…)`, or a join.",
        expected=f"the time of {STATEMENTS} statements at most",
        got=f"the time of {counted:.0f} statements",
    )


# Let the database decide


@pytest.mark.check("references", level="medium")
def test_orders_go_with_their_user(service, database, fresh, logs):
    """A user who is deleted is gone with all of their orders; the others' stay; nobody is a 404."""
    ada, bob = add_user(database, fresh), add_user(database, fresh)
    for user in (ada, bob, ada):
        add_order(database, fresh, user, 10)
    answer = service.delete(f"/users/{ada['id']}")
    assert answer.status == 204, why_not_deleted(answer, logs)
    left = {name: database.execute(f"SELECT {column} FROM {name}") for name, column in OWNERS}  # noqa: S608
    assert ada["id"] not in [key for (key,) in left["users"]], (
        "The deletion was answered with 204, and the user is still there: not deleted, or not committed."
    )
    assert ada["id"] not in [key for (key,) in left["orders"]], (
        "The user is gone, and their orders are still there. The table says `ON DELETE CASCADE`, and SQLite only does it on connections that "
        'have said `PRAGMA foreign_keys = ON`: in the event `"connect"`, by a plain `def` (nobody awaits an `async` one).'
    )
    assert left == {"users": [(bob["id"],)], "orders": [(bob["id"],)]}, (
        "Somebody else's rows went with the user: the DELETE needs its `WHERE`."
    )
    for user_id in (ada["id"], MISSING):
        answer = service.delete(f"/users/{user_id}")
        assert told(answer) == (404, "NOT_FOUND"), (
            "There is nobody to delete: that is a 404. A DELETE that finds no row says so only in its `rowcount`."
        )


@pytest.mark.check("references", level="expert", after="test_orders_go_with_their_user")
def test_no_order_for_somebody_gone(service, database, fresh, logs):
    """Somebody else deletes users while orders for them are under way: 404, and no order for nobody."""
    users = [add_user(database, fresh) for _ in range(3)]
    service.get(f"/users/{MISSING}")
    started = time.monotonic()
    create_order(service, fresh, user_id=add_user(database, fresh)["id"])
    patience = how_long(started)
    requests = [
        Request("POST", "/orders", json={"user_id": user["id"], "item": fresh.item(), "amount": 100}, deadline=8.0)
        for user in users
    ]
    deletions = [("DELETE FROM users WHERE id = ?", (user["id"],)) for user in users]
    answers = meanwhile(service, database, deletions, requests, patience)
    assert orphans(database) == [], why_orphans(answers)
    for answer in answers:
        assert answer.status in (404, 503), locked(logs) or (
            "The user was deleted while the order was under way, and the database refused it: for the caller that is a 404."
        )


@pytest.mark.check("references", level="expert", after="test_orders_go_with_their_user")
def test_no_order_is_left_behind(service, database, fresh, logs):
    """Somebody else orders while the user is being deleted: no order for nobody is left."""
    user, other = add_user(database, fresh), add_user(database, fresh)
    add_order(database, fresh, user, 10)
    service.get(f"/users/{MISSING}")
    started = time.monotonic()
    assert service.delete(f"/users/{other['id']}").status == 204, "A user can be deleted."
    patience = how_long(started)
    [answer] = meanwhile(
        service,
        database,
        [("INSERT INTO orders (user_id, item, amount) VALUES (?, ?, 100)", (user["id"], fresh.item()))],
        [Request("DELETE", f"/users/{user['id']}", deadline=8.0)],
        patience,
    )
    assert orphans(database) == [], (
        "An order that came while its user was being deleted is left, and belongs to nobody: the orders were looked up first and deleted one by "
        "one. Delete by `WHERE user_id = …`, or leave it to `ON DELETE CASCADE` with foreign keys enforced."
    )
    assert answer.status in (204, 503), locked(logs) or "Somebody else's order is no reason not to delete the user."


# What the checks see with


REFUSED = ((409, "CONFLICT"), (503, "UNAVAILABLE"))  # some ways to lock make the loser try again
OWNERS = (("users", "id"), ("orders", "user_id"))
NOT_COMMITTED = (
    "The answer was 201, and the row is not in the table: it was flushed, and nobody committed. `flush` sends the statement, "
    "`commit` makes it true."
)
NOT_GIVEN_BACK = (
    "After a number of units of work, failed ones among them, the service has run out of connections: sessions are not given back. Close "
    "the session on every path: `async with`, or `try`/`finally`."
)
SHARED = (
    "Units of work that overlapped got into each other's way: they share a session, and with it a transaction. Make a session when the unit "
    "begins; only the engine is shared."
)
OLDEST_FIRST = "These are not the user's orders, oldest first: `created_at` ascending, then `id`."


def shown(user: Any) -> tuple[Any, Any]:
    """What a user shows to others."""
    return user.get("name"), user.get("email")


def told(answer: Answer) -> tuple[int, Any]:
    """The status and the error's code."""
    with contextlib.suppress(ValueError):  # a crash may be plain text
        body = json.loads(answer.body)
        return answer.status, body.get("error") if isinstance(body, dict) else None
    return answer.status, None


def new_user(fresh: Any, *, email: str = "", put: bool = False) -> User:
    """A body for POST /users, or for PUT."""
    body = {"name": fresh.name(), "email": email or fresh.email()}
    return body if put else {**body, "password": fresh.secret()}


def add_user(database: Any, fresh: Any) -> User:
    user = {"name": fresh.name(), "email": fresh.email()}
    return {"id": database.add_user(**user), **user}


def add_order(database: Any, fresh: Any, user: User, minute: int) -> int:
    """An order of this minute; its id."""
    order_id = database.add_order(user_id=user["id"], item=fresh.item(), amount=fresh.number(1, 9_999))
    database.execute("UPDATE orders SET created_at = ? WHERE id = ?", f"2026-03-01 09:{minute:02}:00.000", order_id)
    return int(order_id)


def everybody(database: Any) -> list[tuple[str, str]]:
    return list(database.execute("SELECT name, email FROM users ORDER BY id"))


def orphans(database: Any) -> list[tuple[int, int]]:
    """Orders whose user is not there."""
    return list(database.execute("SELECT id, user_id FROM orders WHERE user_id NOT IN (SELECT id FROM users)"))


def fail_after_insert(fresh: Any, deadline: float = 3.0) -> Request:
    body = {"name": fresh.name(), "email": fresh.email()}
    return Request("POST", "/drills/insert-and-fail", json=body, deadline=deadline)


def begin(service: ServiceUnderTest, request: Request) -> Any:
    return service.begin(request.method, request.path, json=request.json, deadline=request.deadline)


def how_long(started: float) -> float:
    """How long to wait until a request like the one that began then must have looked, and stands before its write."""
    return max(0.05, min(1.0, 4 * (time.monotonic() - started)))


def meanwhile(
    service: ServiceUnderTest,
    database: Any,
    statements: Sequence[tuple[str, tuple[Any, ...]]],
    requests: Sequence[Request],
    patience: float,
) -> list[Answer]:
    """Send these while somebody else's transaction is open, and commit that when they wait for it.

    What the requests read, they read before that commit; what they write comes after it.
    """
    with contextlib.closing(sqlite3.connect(database.path, timeout=5, isolation_level=None)) as other:
        other.execute("PRAGMA synchronous = OFF")
        other.execute("BEGIN IMMEDIATE")
        for sql, values in statements:
            other.execute(sql, values)
        waiting = [begin(service, request) for request in requests]
        end = time.monotonic() + patience
        while time.monotonic() < end and not all(future.done() for future in waiting):
            time.sleep(0.01)
        other.execute("COMMIT")
    return [future.result() for future in waiting]


def answered_in_time(service: ServiceUnderTest, request: Request, cause: str) -> Answer:
    """Send it; no answer at all has this cause."""
    try:
        return service.send(request)
    except CheckFailed as error:
        raise CheckFailed(cause, expected="an answer", got=error.got) from None


def assert_unlocked(database: Any, cause: str) -> None:
    """Somebody else can write."""
    with contextlib.closing(sqlite3.connect(database.path, timeout=2.5, isolation_level=None)) as other:
        try:
            other.execute("BEGIN EXCLUSIVE")
            other.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            raise CheckFailed(cause, expected="a file that others can write to", got=str(error)) from None


def assert_nobody_was_stored(database: Any, before: list[tuple[str, str]], what: str, answer: Answer) -> None:
    after = everybody(database)
    if sorted(after) == sorted(before):
        return
    new = [email for name, email in after if (name, email) not in before]
    if answer.status == 201:
        cause = f"{what}, and the import was answered with 201: whoever did not fit was left out in silence. All are stored, or none."
    else:
        cause = (
            f"{what}, the import was answered with {answer.status}, and {len(new)} of its people are in the table. They were committed before "
            "it failed: a unit of work for each, a repository that commits, an error that does not leave the unit. One unit around the whole "
            "loop; cleaning up by hand is no rollback. (`begin_nested` commits, too: Python's `sqlite3` sends its SAVEPOINT without a BEGIN.)"
        )
    raise CheckFailed(cause, expected="nobody of the import in the table", got=new)


# The cost of a list


def slow_down(database: Any) -> None:
    """Have every statement that reads users or orders take a few milliseconds, as if the database were far away."""
    for name, _ in OWNERS:
        database.execute(f"ALTER TABLE {name} RENAME TO {name}_stored")
    for name, _ in OWNERS:
        database.execute(
            f"CREATE VIEW {name} AS SELECT * FROM {name}_stored WHERE 0 < (WITH RECURSIVE step (n) AS "  # noqa: S608
            f"(SELECT 1 UNION ALL SELECT n + 1 FROM step LIMIT {WORK}) SELECT count(*) FROM step)"
        )


def one_statement(database: Any) -> float:
    started = time.monotonic()
    database.execute("SELECT id FROM orders LIMIT 1")
    return time.monotonic() - started


def get_all(service: ServiceUnderTest, path: str) -> float:
    """How long this list takes."""
    answer = service.get(path, deadline=8.0)
    assert answer.status == 200, "The list was fine until there were sixty on it, or until the database was slow."
    assert len(answer.json) == ROWS, "The list has to have as many customers as there are, up to its limit."
    return answer.seconds


# Causes


def why_not_created(answer: Answer, logs: Logs) -> str:
    if answer.status == 201:
        return ""
    return expired(logs) or "It was asked for properly, and has to be created: 201."


def crashed(logs: Logs) -> str:
    """The log with the tracebacks, which are written after the answer."""
    logs.complete()
    return logs.text


def expired(logs: Logs) -> str:
    text = crashed(logs)
    if "MissingGreenlet" in text or "DetachedInstanceError" in text:
        return (
            "An object was read after the commit, which had expired it: SQLAlchemy would load it again now, and an async session can't. "
            "`expire_on_commit=False` keeps what is loaded."
        )
    return ""


def not_loaded(logs: Logs) -> str:
    text = crashed(logs)
    if "MissingGreenlet" in text or "DetachedInstanceError" in text:
        return (
            "A relation that was not loaded was touched. SQLAlchemy would load it now, and an async session can't: load it with the query "
            "(`selectinload`), or ask for it."
        )
    return ""


def why_not_updated(answer: Answer, logs: Logs) -> str:
    if answer.status == 409:
        return (
            "A user who keeps their e-mail, and changes only the name, was told that the address is taken: by themselves. A SELECT for the "
            "address finds the user's own row; the constraint does not."
        )
    if "NOT NULL" in crashed(logs):
        return "PUT writes a column that it was not given, and this one may not be empty: change two attributes of the row that is there."
    return expired(logs) or "This user is there, and can be changed: 200."


def why_no_conflict(method: str, answer: Answer, logs: Logs) -> str:
    if answer.status in (200, 201):
        return f"The e-mail is taken, and `{method}` was answered with {answer.status}: nothing was stored under it, so nobody may be told that it was."
    text = crashed(logs)
    if "PendingRollbackError" in text or "Can't operate on closed transaction" in text:
        return (
            "After the failed flush the session was used again, but that transaction is over. Raise `ConflictError`, and let the unit of "
            "work roll back."
        )
    if "IntegrityError" in text:
        return NOBODY_CATCHES
    return "The e-mail is taken: that is 409, and `CONFLICT` in the body."


NOBODY_CATCHES = (
    "The database refused the e-mail (`IntegrityError`), and nobody translated it: `flush` inside a `try`, and raise `ConflictError`. Without a "
    "flush of your own the statement is sent by the commit, outside of the `try`."
)


def why_too_late(answer: Answer, logs: Logs) -> str:
    if answer.status in (200, 201):
        return f"Somebody else has this e-mail, and the answer was {answer.status}."
    if "IntegrityError" in crashed(logs):
        return (
            "The address was free when you looked, and taken when you wrote: somebody else was faster. A look before the write (and a lock in "
            "your process) can't prevent that. Write, and translate the `IntegrityError`."
        )
    return (
        locked(logs) or "Somebody else was faster with this e-mail: that is a 409, as if it had been taken for years."
    )


def locked(logs: Logs) -> str:
    if "database is locked" not in crashed(logs):
        return ""
    return (
        "A transaction was refused (`database is locked`): it had read, somebody else wrote, and then it wanted to write, too. One that is going "
        "to write begins with `BEGIN IMMEDIATE`, or with its write; two sessions in one request wait for each other in vain."
    )


def why_no_import(answer: Answer, logs: Logs) -> str:
    text = crashed(logs)
    if any(words in text for words in ("already flushing", "concurrent operations are not", "IllegalStateChangeError")):
        return (
            "Several tasks use one session at once, and it says so. `gather` and a session don't go together: one after the other, "
            "in one unit of work."
        )
    if "database is locked" in text or "QueuePool limit" in text:
        return "The import got into its own way: it writes in several transactions at once, which wait for each other. One unit of work."
    return expired(logs) or "Everybody in this list is new, so the import has to be stored: 201."


def why_no_list(answer: Answer, logs: Logs) -> str:
    return not_loaded(logs) or "This list has to be answered with 200."


def why_customers(got: list[tuple[Any, list[Any]]], wanted: list[tuple[Any, list[Any]]]) -> str:
    users, expected = [user for user, _ in got], [user for user, _ in wanted]
    if len(set(users)) < len(users):
        return "A customer comes once for each of their orders: the joined rows have to be put together again (`unique()`)."
    missing = [orders for user, orders in wanted if user not in users]
    if missing and not any(missing):
        return "Customers are missing, those without orders: an inner join drops them. It takes an outer one, or a second query."
    if missing and len(users) < len(expected):
        return "Customers are missing: a `LIMIT` on joined rows counts rows, not customers."
    if users != expected:
        return "These are not the newest users: `created_at` descending, then `id` descending, and `limit` of them."
    if any(sorted(orders) != sorted(right) for (_, orders), (_, right) in zip(got, wanted, strict=True)):
        return "A customer does not have all of their orders, and only theirs: a `LIMIT` on joined rows cuts the last one short."
    return "A customer's orders have to come oldest first: `created_at` ascending, then `id`."


def why_not_deleted(answer: Answer, logs: Logs) -> str:
    text = crashed(logs)
    if "FOREIGN KEY constraint failed" in text or "NOT NULL constraint failed" in text:
        return "The database refused to delete the user because of the orders: they have to go with the user."
    return not_loaded(logs) or "This user is there, and can be deleted: 204."


def why_orphans(answers: Sequence[Answer]) -> str:
    some = sum(answer.status == 201 for answer in answers)
    cause = (
        "The user was there when you looked, and gone when the order was inserted: somebody else was faster, and the order belongs "
        "to nobody."
    )
    if 0 < some < len(answers):
        return (
            f"{cause} Some of the connections refused it, so foreign keys are on for these and not for others: "
            '`PRAGMA foreign_keys = ON` holds for one connection. Run it in the event `"connect"`.'
        )
    return f'{cause} Foreign keys have to be enforced on every connection: `PRAGMA foreign_keys = ON`, in the event `"connect"`.'
