"""Once per request: one session for each, given back whatever becomes of the request, and shared with no other."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

import pytest

from labs.judge import (
    MISSING,
    Request,
    ServiceUnderTest,
    answered_in_time,
    assert_unlocked,
    away,
    fail_after_insert,
)

FAILURES = 16  # one more than SQLAlchemy's pool holds

TWO_SESSIONS = (
    "A request that writes through two repositories got in its own way: they have two sessions, and the second waits "
    "for the first one's lock. Both ask for the same dependency, and FastAPI calls it once; a session that a provider "
    "opens for itself (or `use_cache=False`) is another one."
)

NOT_GIVEN_BACK = (
    "After a number of requests, failed ones among them, the service has run out of connections: sessions are not "
    "given back. Close the session on every path: `async with`, or `try`/`finally` around the `yield`."
)

SHARED_STATE = (
    "Requests that overlapped got in each other's way: they share a session or an object that belongs to one "
    "request. Make it per request; a cached provider (`lru_cache`, a global) may only hold pools."
)


@pytest.mark.check(level="easy")
def test_users_arrive(service, database, fresh):
    """A user who exists is answered, one who does not is a 404, and an invalid id is a 422."""
    name, email = fresh.name(), fresh.email()
    user_id = database.add_user(name=name, email=email)
    response = service.get(f"/users/{user_id}")
    assert response.status == 200, "The user is in the table, and the route does not find them."
    got = {key: response.json.get(key) for key in ("id", "name", "email")}
    assert got == {"id": user_id, "name": name, "email": email}, "The answer has to be the user's row."
    assert service.get(f"/users/{MISSING}").status == 404, (
        "Nobody has this id: that is a 404, said by whoever looks it up."
    )
    assert service.get(f"/users/{fresh.token(6)}x").status == 422, "This is not an id: the parameter's type says so."


@pytest.mark.check(level="hard", after="test_users_arrive")
def test_one_session_per_request(service, database, fresh):
    """Two parts of the code that ask for the session in one request get the same one."""
    database.add_user(name=fresh.name(), email=fresh.email())
    response = answered_in_time(service, fail_after_insert(fresh, deadline=2.5), TWO_SESSIONS)
    assert response.status == 500, "The drill fails on purpose, so it is a 500."
    assert "database is locked" not in "\n".join(service.host.stream.lines), TWO_SESSIONS


@pytest.mark.check(level="medium", after="test_one_session_per_request")
def test_error_rolls_back(service, database, fresh):
    """A request that fails leaves neither a row nor a lock."""
    for _ in range(3):
        response = service.send(fail_after_insert(fresh))
        assert response.status == 500, "The drill fails on purpose, so it is a 500."
        assert_unlocked(
            database,
            "The request has failed, and its transaction is still open: nobody else can write. The exception comes out "
            "of the `yield`: without `async with` or `try`/`finally` around it, the lines below never run. A session "
            "that outlives the request does the same.",
        )
    rows = database.execute("SELECT name FROM users")
    assert rows == [], "The requests failed and left rows behind: something committed before the failure."


@pytest.mark.check(level="medium", after="test_error_rolls_back")
def test_session_is_given_back(service, database, fresh):
    """After many requests, failed ones too, there are still sessions for the next."""
    user_id = database.add_user(name=fresh.name(), email=fresh.email())
    for _ in range(FAILURES // 2):
        answered_in_time(service, fail_after_insert(fresh), NOT_GIVEN_BACK)
        answered_in_time(service, Request("GET", f"/users/{MISSING}"), NOT_GIVEN_BACK)
    response = answered_in_time(service, Request("GET", f"/users/{user_id}"), NOT_GIVEN_BACK)
    assert response.status == 200, NOT_GIVEN_BACK


@pytest.mark.check(level="hard", after="test_error_rolls_back")
def test_clients_that_leave(service, database, fresh):
    """Clients that leave before they are answered take no session with them."""
    user_id = database.add_user(name=fresh.name(), email=fresh.email())
    service.get("/about")
    with away(database, fault="hang"):  # so that all of them have gone before the first could be answered
        for _ in range(FAILURES // 2):
            leave(service, Request("GET", f"/users/{user_id}"))
            leave(service, fail_after_insert(fresh))
    response = answered_in_time(service, Request("GET", f"/users/{user_id}"), NOT_GIVEN_BACK)
    assert response.status == 200, NOT_GIVEN_BACK
    assert_unlocked(database, "Clients have left before they were answered, and a transaction of theirs is still open.")


@pytest.mark.check(level="hard", after="test_users_arrive")
def test_requests_share_nothing(service, database, fresh):
    """Requests that overlap each get their own user."""
    people = [(fresh.name(), fresh.email()) for _ in range(8)]
    ids = [database.add_user(name=name, email=email) for name, email in people]
    service.get(f"/users/{MISSING}")
    with away(database, fault="hang"):  # so that all of them are under way at the same time
        waiting = [service.begin("GET", f"/users/{user_id}", deadline=6.0) for user_id in ids]
        time.sleep(0.1)
    for (name, _), response in zip(people, (future.result() for future in waiting), strict=True):
        assert response.status == 200, SHARED_STATE
        assert response.json.get("name") == name, SHARED_STATE


def leave(service: ServiceUnderTest, request: Request) -> None:
    """Send a request and go away without waiting for the response."""
    body = request.content()
    head = f"{request.method} {request.path} HTTP/1.1\r\nHost: labs\r\nContent-Length: {len(body)}\r\n"
    parts = urlsplit(service.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=3) as client:
        client.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode() + body)
