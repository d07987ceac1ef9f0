"""The boundary: errors outside of the handlers' reach, and failures after the first byte."""

from __future__ import annotations

from typing import Any

import pytest

from labs.judge import MISSING, CheckFailed, Request, crash, create_user

from .causes import OTHER_ID, why_clean_end, why_middleware
from .stacks import failures, written_by_the_service
from .steps import assert_error, assert_logged_once


@pytest.mark.check(level="hard", after="test_each_type_has_its_status")
def test_error_in_a_middleware(service, fresh):
    """An error that a middleware raises is answered by its type, too."""
    drill = {"X-Drill": "conflict"}
    first = service.get(f"/users/{MISSING}", headers=drill)
    assert first.status == 409, why_middleware(first)
    assert_error(first, 409, "CONFLICT", raised_by="a middleware")
    user = create_user(service, fresh)
    for method, path in (("GET", f"/users/{user['id']}"), ("POST", "/orders"), ("GET", f"/{fresh.token()}")):
        response = service.request(method, path, headers=drill)
        assert response.status == 409, (
            "The first request with this error was answered rightly and a later one was not, so one request leaves "
            "something behind for the next. The boundary is one object for all of them: whether an answer has started "
            "is a local variable of `__call__`."
        )
        assert_error(response, 409, "CONFLICT", raised_by="a middleware")


@pytest.mark.check(level="hard", after=("test_crash_has_the_shape", "test_error_in_a_middleware"))
def test_crash_keeps_the_header(service, fresh):
    """A 500 carries `X-Correlation-ID` like every other answer."""
    given = fresh.token(20)
    response = crash(service, f"crash {fresh.token()}", given=given)
    body = assert_error(response, 500, "INTERNAL_ERROR", raised_by="a bug")
    assert (body["correlation_id"], response.header("X-Correlation-ID")) == (given, given), OTHER_ID


@pytest.mark.check(level="hard", after="test_crash_keeps_the_header")
def test_still_logged_once(service, logs, fresh):
    """With the boundary in place, an accident is still logged, and still once."""
    detail, given = f"crash {fresh.token()}", fresh.token(20)
    crash(service, detail, given=given)
    logs.complete()
    assert_logged_once(logs, detail, given)


@pytest.mark.check(level="expert", after="test_error_in_a_middleware")
def test_broken_transfer(service):
    """A failure after the first byte is a broken transfer: no clean end, no second answer."""
    response = service.get("/drills/stream", partial=True)
    if response.complete:
        raise CheckFailed(
            why_clean_end(response),
            expected="200, the first chunk, and then a connection that is closed before the body's end",
            got=response,
        )
    assert response.status == 200, "The stream has to begin as usual, with 200; only its end is missing."
    first, second = response.body, service.get("/drills/stream", partial=True).body
    assert b'"correlation_id"' not in first, why_clean_end(response)
    assert len(first) > 0 and len(second) > 0, (
        "The chunk that was sent before the failure never arrived: something holds the body back until it is complete. "
        "A boundary passes every message on at once."
    )


@pytest.mark.check(level="expert", after="test_broken_transfer")
def test_broken_transfer_is_logged(service, logs):
    """A failure after the first byte is in the log with its stack, and nobody tried to answer a second time."""
    service.get("/drills/stream", partial=True)
    logs.complete()
    told = [failure for failure in failures(logs) if "RuntimeError" in failure.text]
    found = [failure for failure in told if failure.level in ("error", "critical")]
    if not found:
        raise CheckFailed(
            "The transfer broke and the log says nothing. Where it is too late for an answer, raise again (the server "
            "logs what reaches it) or log it yourself with its stack; don't just return.",
            expected="a record at error with the stack of the RuntimeError",
            got=written_by_the_service(logs),
        )
    refused = [line for line in logs.lines if "ASGI message" in line and "http.response.start" in line]
    assert refused == [], (
        "A second answer was sent after the first had begun, and only the server's refusal kept it from the client. "
        "Whether it is too late is for your boundary to know: note when `http.response.start` passes `send`, and "
        "raise again from then on."
    )


@pytest.mark.check(level="expert", after=("test_crash_keeps_the_header", "test_broken_transfer"))
def test_requests_do_not_disturb_each_other(service, fresh):
    """An answer, a broken transfer and an accident leave nothing behind for the requests after and beside them."""
    user = create_user(service, fresh)
    path = f"/users/{user['id']}"
    service.get("/drills/stream", partial=True)
    assert_error(service.get(path, headers={"X-Drill": "conflict"}), 409, "CONFLICT", raised_by="a middleware")
    requests: list[Request] = []
    expected: list[list[Any]] = []
    for _ in range(4):
        for status, method, where, extra in (
            (200, "GET", path, {}),
            (409, "GET", path, {"X-Drill": "conflict"}),
            (500, "POST", "/drills/crash", {}),
            (404, "GET", f"/orders/{MISSING}", {}),
        ):
            given = fresh.token(20)
            drill = {"detail": f"crash {fresh.token()}", "secret": ""} if status == 500 else None
            headers = {"X-Correlation-ID": given, **extra}
            requests.append(Request(method, where, json=drill, headers=headers, deadline=10))
            expected.append([status, given, user["name"] if status == 200 else given])
    responses = service.together(requests)
    told = [response.json.get("name" if response.status == 200 else "correlation_id") for response in responses]
    got = [
        [response.status, response.header("X-Correlation-ID"), what]
        for response, what in zip(responses, told, strict=True)
    ]
    wrong = [number for number, pair in enumerate(zip(got, expected, strict=True)) if pair[0] != pair[1]]
    assert [got[number] for number in wrong] == [expected[number] for number in wrong], (
        "Requests that run at the same time disturb each other. The boundary is one object for all of them: what "
        "belongs to one request (whether its answer has started, its id) is a local variable of `__call__`, not an "
        "attribute."
    )
