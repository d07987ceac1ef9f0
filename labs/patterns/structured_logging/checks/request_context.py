"""The request's context: its id is on every record of the request and on no other, and its secrets are on none."""

from __future__ import annotations

import re
from typing import Any

import pytest

from labs.judge import CheckFailed, Request, crash

from .causes import why_crossed
from .steps import find, one


@pytest.mark.check(level="easy", after="test_message_is_constant_and_fields_are_typed")
def test_given_id_is_on_the_record(service, logs, fresh):
    """A request's `X-Correlation-ID` is on the records that it causes."""
    given, n = fresh.token(20), fresh.number(1, 99_999)
    service.get(f"/drills/slow/{n}", headers={"X-Correlation-ID": given})
    record = one(logs, "slow_done")
    assert record.get("correlation_id") == given, (
        "The record does not carry the caller's id as `correlation_id`: bind it in the middleware before the request "
        "goes on, and have every record merge what is bound (`merge_contextvars`, first in the chain)."
    )


@pytest.mark.check(level="medium", after="test_given_id_is_on_the_record")
def test_id_is_made_when_none_is_given(service, logs, fresh):
    """A request without an id gets one of its own."""
    service.get(f"/drills/slow/{fresh.number(1, 999)}", headers={"X-Correlation-ID": fresh.token(20)})
    for n in (1001, 1002):
        service.get(f"/drills/slow/{n}")
    records = find(logs, lambda record: record.get("message") == "slow_done", 3)
    ids = [record.get("correlation_id") for record in records]
    made = [value for value in ids[1:] if isinstance(value, str) and value]
    assert len(made) == 2, "A request without `X-Correlation-ID` still needs an id: make one, for example with `uuid4`."
    assert len(set(ids)) == 3, (
        "Two requests have the same id. It has to be made inside the middleware, for each request: a default argument "
        "or a module's variable is evaluated once, and what is bound must not outlive its request."
    )


@pytest.mark.check(level="medium", after=("test_given_id_is_on_the_record", "test_server_lines_are_json"))
def test_id_is_on_every_record_of_the_request(service, logs, fresh):
    """Records of libraries and of the server carry the request's id, too."""
    given, message = fresh.token(20), f"probe {fresh.token()}"
    path = f"/orders/{fresh.number(100_000, 999_999)}"
    headers = {"X-Correlation-ID": given}
    service.post("/drills/library", {"level": "warning", "message": message}, headers=headers)
    service.get(path, headers=headers)
    library = one(logs, message)
    assert library.get("correlation_id") == given, (
        "The library's record lacks the id: what your own events merge has to be merged in the handler's chain as well."
    )
    access = find(logs, lambda record: path in str(record), 1)[0]
    assert access.get("correlation_id") == given, (
        "The access record lacks the id. uvicorn writes it while the answer is sent, so the id has to be bound "
        "outside of that: in a middleware, not in a route or dependency, and not taken back before the answer goes "
        "out."
    )


@pytest.mark.check(level="hard", after="test_given_id_is_on_the_record")
def test_context_never_crosses_requests(service, logs, fresh):
    """Requests that run at the same time, in the event loop and in threads, keep their ids apart."""
    count = 16
    expected: dict[tuple[Any, Any], str] = {("slow_done", n): fresh.token(20) for n in range(count)}
    expected |= {("thread_done", n): fresh.token(20) for n in range(count)}
    service.together(
        [
            Request(
                "GET",
                f"/drills/{'slow' if kind == 'slow_done' else 'thread'}/{n}",
                headers={"X-Correlation-ID": value},
            )
            for (kind, n), value in expected.items()
        ]
    )
    records = find(logs, lambda record: record.get("message") in ("slow_done", "thread_done"), len(expected))
    crossed = [
        record
        for record in records
        if record.get("correlation_id") != expected.get((str(record["message"]), record.get("n")))
    ]
    if crossed:
        first = crossed[0]
        raise CheckFailed(
            why_crossed(crossed),
            expected=(
                f"{first['message']} n={first.get('n')} "
                f"correlation_id={expected.get((first['message'], first.get('n')))}\nand so for all {len(expected)} "
                "requests"
            ),
            got=f"{first['message']} n={first.get('n')} correlation_id={first.get('correlation_id')}\n"
            f"{len(crossed)} of {len(expected)} records have the wrong id, or none",
        )


@pytest.mark.check(
    level="hard",
    after=("test_id_is_on_every_record_of_the_request", "test_crash_is_in_the_stream"),
)
def test_crash_carries_the_id(service, logs, fresh):
    """The record of a crash can be found by the request's id."""
    given, detail = fresh.token(20), f"crash {fresh.token()}"
    crash(service, detail, given=given)
    records = find(logs, lambda record: detail in str(record.get("stack")), 1)
    ids = [record.get("correlation_id") for record in records]
    assert given in ids, (
        "The crash was logged without the id. uvicorn logs it after your middleware has been left: if the id is "
        "unbound on the way out (`with bound_contextvars(...)`, `finally: reset`), it is gone by then. Leave it "
        "bound, or log the crash yourself inside."
    )


@pytest.mark.check(level="medium", after="test_given_id_is_on_the_record")
def test_no_context_outside_requests(service, logs, fresh):
    """Records that belong to no request don't carry the id of one."""
    given = fresh.token(20)
    service.get("/drills/slow/1", headers={"X-Correlation-ID": given})
    one(logs, "slow_done")
    outside = [
        str(record.get("message"))
        for record in logs.complete()
        if record.get("correlation_id") == given
        and re.match("Shutting down|Waiting for|Finished server", str(record.get("message")))
    ]
    assert outside == [], (
        "The server's own records at shutdown carry the id of the last request: the id is kept in a variable that "
        "outlives the request."
    )


@pytest.mark.check(level="medium", after="test_given_id_is_on_the_record")
def test_no_secrets_in_the_stream(service, logs, fresh):
    """Passwords, tokens and bodies stay out of the log."""
    password, token, name = fresh.secret(), fresh.secret(), fresh.name()
    headers = {"Authorization": f"Bearer {token}", "Cookie": f"session={token}"}
    body = {"name": name, "email": fresh.email(), "password": password}
    service.post("/users", body, headers=headers)
    one(logs, "user_created")
    logs.complete()
    found = [what for what, value in (("password", password), ("token", token), ("body", name)) if value in logs.text]
    assert found == [], (
        "The middleware writes what it should only pass on. Bind the one header that you need; never log bodies or "
        "all headers: a body that you did not read is one that you did not redact."
    )
    service.start(LOG_LEVEL="DEBUG")
    service.post("/users", {**body, "email": fresh.email()}, headers=headers)
    logs.complete()
    found = [what for what, value in (("password", password), ("token", token)) if value in logs.text]
    assert found == [], (
        "With `LOG_LEVEL` at DEBUG the secrets are in the log. Debug is switched on in production when something is "
        "wrong, and the lines stay as long as all others: what must never be written is not written at any level."
    )
