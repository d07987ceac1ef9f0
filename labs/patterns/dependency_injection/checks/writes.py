"""Commit, then answer: what a caller is told is true by then, and what failed has left nothing."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from concurrent.futures import Future
from typing import Any

import pytest

from labs.judge import (
    MISSING,
    Database,
    Response,
    assert_unlocked,
    commits_blocked,
    create_user,
    fail_after_insert,
    until,
    user_body,
)

BUSY = [("a commit is waiting",)]  # what `peek` sees then

NOT_COMMITTED = "The answer was 201, and the row is not in the table: nobody committed. The repositories only flush."

PROMISED = (
    "The caller was told that it is done, and it was not: the commit could not succeed while somebody else was "
    "reading. It runs after the answer. What stands after the `yield` of a dependency does, so commit before the route "
    "returns (or give the dependency `scope='function'`)."
)


@pytest.mark.check(level="easy")
def test_writes_are_kept(service, database, fresh):
    """A created user is in the table and can be read; a deleted one is gone, orders and all."""
    user = create_user(service, fresh)
    find = "SELECT name FROM users WHERE id = ?"
    # With patience: whether it is there in time is another check's subject.
    rows = until(lambda: database.execute(find, user["id"]), bool, 1.0)
    assert rows == [(user["name"],)], NOT_COMMITTED
    response = service.get(f"/users/{user['id']}")
    assert response.status == 200, "The user was created, and the next read does not find them."
    taken = service.post("/users", user_body(fresh, email=user["email"]))
    assert taken.status == 409, "The e-mail is taken: that is a 409."
    database.add_order(user_id=user["id"], item=fresh.item(), amount=fresh.number(1, 9_999))
    assert service.delete(f"/users/{user['id']}").status == 204, "A user can be deleted."
    left = "SELECT 'user' FROM users WHERE id = ? UNION ALL SELECT 'order' FROM orders WHERE user_id = ?"
    rows = until(lambda: database.execute(left, user["id"], user["id"]), lambda rows: not rows, 1.0)
    assert rows == [], (
        "The deletion was answered with 204, and these rows are still there: not committed, or not deleted."
    )
    response = service.get(f"/users/{user['id']}")
    assert response.status == 404, (
        "The user is gone from the table, and is still answered: drop the copy in Redis, after the commit."
    )
    assert service.delete(f"/users/{MISSING}").status == 404, "Nobody has this id: that is a 404."


@pytest.mark.check(level="medium", after="test_writes_are_kept")
def test_nobody_commits_for_another(service, database, fresh):
    """What a failed request left undone is not completed by the next one."""
    for _ in range(2):
        service.send(fail_after_insert(fresh))
    user = create_user(service, fresh)
    service.post("/users", user_body(fresh, email=user["email"]))
    other = create_user(service, fresh)
    kept = until(lambda: database.execute("SELECT name FROM users ORDER BY id"), lambda rows: len(rows) > 1, 1.0)
    names = [name for (name,) in kept]
    assert names == [user["name"], other["name"]], (
        "A request that failed has left a row after all: a later request's commit took it along, or it was committed "
        "too early. A session belongs to one request."
    )


@pytest.mark.check(level="expert", after="test_writes_are_kept")
def test_commit_before_the_answer(service, database, fresh):
    """Nobody is told 201 or 204 before the commit has succeeded."""
    user = create_user(service, fresh)
    email = fresh.email()
    body = user_body(fresh, email=email)
    find_email, find_id = "SELECT name FROM users WHERE email = ?", "SELECT name FROM users WHERE id = ?"
    patience = max(0.08, min(0.6, 12 * service.get(f"/users/{user['id']}").seconds))  # more on a busy machine
    with commits_blocked(database):
        waiting = service.begin("POST", "/users", json=body, deadline=8.0)
        if (early := answer_before_commit(database, waiting, patience)) is not None and early.status == 201:
            assert peek(database, find_email, email) == [(body["name"],)], PROMISED
    response = waiting.result()
    rows = database.execute(find_email, email)
    assert rows == ([(body["name"],)] if response.status == 201 else []), PROMISED
    with commits_blocked(database):
        waiting = service.begin("DELETE", f"/users/{user['id']}", deadline=8.0)
        if (early := answer_before_commit(database, waiting, patience)) is not None and early.status == 204:
            assert peek(database, find_id, user["id"]) == [], PROMISED
    waiting.result()
    create_user(service, fresh)


@pytest.mark.check(level="hard", after="test_writes_are_kept")
def test_all_or_nothing(service, database, fresh):
    """A deletion that fails halfway has deleted nothing."""
    user = create_user(service, fresh)
    user_id = user["id"]
    database.add_order(user_id=user_id, item=fresh.item(), amount=fresh.number(1, 9_999))
    for table in ("users", "orders"):
        database.execute(f"CREATE TRIGGER no_{table} BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, 'drill'); END")
        response = service.delete(f"/users/{user_id}")
        database.execute(f"DROP TRIGGER no_{table}")
        assert response.status >= 500, f"The database refused to delete from `{table}`, and the caller was not told."
        rows = [
            (name, database.execute(f"SELECT count(*) FROM {name} WHERE {column} = ?", user_id)[0][0])
            for name, column in (("users", "id"), ("orders", "user_id"))
        ]
        assert rows == [("users", 1), ("orders", 1)], (
            f"Deleting from `{table}` failed, and the other table's row is gone: the user and their orders are deleted "
            "in two transactions. One session, one commit, at the end."
        )
        assert_unlocked(database, "The deletion has failed, and its transaction is still open: nobody else can write.")
    assert service.delete(f"/users/{user_id}").status == 204, "Nothing is in the way any more: the user can be deleted."


def answer_before_commit(database: Database, waiting: Future[Response], patience: float) -> Response | None:
    """The response, if it comes although nobody can commit now; None when the service is waiting for its commit."""
    deadline = time.monotonic() + 2.5
    # While somebody waits with a commit, SQLite lets no new reader in.
    while not waiting.done() and peek(database, "SELECT 1") != BUSY and time.monotonic() < deadline:
        time.sleep(0.01)
    with contextlib.suppress(TimeoutError):
        return waiting.result(patience)  # it may be on its way
    return None


def peek(database: Database, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """What a new reader sees now, without patience; BUSY when it is not let in."""
    with contextlib.closing(sqlite3.connect(database.path, timeout=0)) as reader:
        try:
            reader.execute("SELECT 1 FROM users LIMIT 1").fetchall()
            return reader.execute(sql, values).fetchall()
        except sqlite3.OperationalError:
            return BUSY
