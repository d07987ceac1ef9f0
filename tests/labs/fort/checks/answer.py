"""Checks of exercise 1, “answer”."""

from __future__ import annotations


def test_health(service):
    """It answers."""
    assert service.get("/health").json == {"status": "ok"}


def test_name(service):
    """It knows its name, which nobody could have told it before."""
    assert service.get("/name").json == {"name": service.env["SERVICE_NAME"]}


def test_users(service, database, fresh):
    """It counts what is in the database."""
    for _ in range(fresh.number(1, 5)):
        database.add_user(name=fresh.name(), email=fresh.email())
    expected = database.execute("select count(*) from users")[0][0]
    assert service.get("/users").json == {"users": expected}


def test_log(service, logs, fresh):
    """It logs where it was asked, as JSON."""
    path = f"/{fresh.token()}"
    service.get(path)
    logs.wait_for(lambda record: record.get("path") == path, f"the path {path}")
