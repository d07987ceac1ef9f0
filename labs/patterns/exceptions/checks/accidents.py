"""Accidents: a 500 that tells the caller nothing, and one record that tells the rest."""

from __future__ import annotations

import json

import pytest

from labs.judge import CheckFailed, Response, crash

from .causes import OTHER_ID
from .stacks import failures, written_by_the_service
from .steps import assert_error, assert_logged_once


@pytest.mark.check(level="easy", after="test_not_found_has_the_shape")
def test_crash_has_the_shape(service, fresh):
    """An accident is a 500 in the same shape, with the request's id."""
    given = fresh.token(20)
    response = crash(service, f"crash {fresh.token()}", given=given)
    body = assert_error(response, 500, "INTERNAL_ERROR", header=False, raised_by="a bug")
    assert body["correlation_id"] == given, OTHER_ID


@pytest.mark.check(level="easy", after="test_crash_has_the_shape")
def test_crash_tells_the_caller_nothing(service, fresh):
    """The caller learns nothing about the accident: the message is a constant."""
    said = []
    for _ in range(2):
        detail, secret = f"postgresql://orders:{fresh.secret()}@db-{fresh.token(4)}/orders", fresh.secret()
        response = crash(service, detail, secret=secret)
        body = assert_error(response, 500, "INTERNAL_ERROR", header=False, raised_by="a bug")
        assert_nothing_internal(response, {"the exception's text": detail, "a local variable": secret})
        said.append(body["message"])
    assert said[0] == said[1], (
        "Two accidents have two messages, so something of the accident is in it. The message is a constant; what "
        "happened stands in the log."
    )


@pytest.mark.check(level="medium", after="test_crash_has_the_shape")
def test_crash_is_logged_once(service, logs, fresh):
    """An accident is logged once by the service, at `error`, with its stack and the request's id."""
    detail, given = f"crash {fresh.token()}", fresh.token(20)
    crash(service, detail, given=given)
    logs.complete()
    assert_logged_once(logs, detail, given)


@pytest.mark.check(level="hard", after="test_crash_tells_the_caller_nothing")
def test_bad_response_is_our_mistake(service, logs, fresh):
    """An answer that its own model refuses is an accident of ours: a 500 that shows nothing, and a stack in the log."""
    given = fresh.token(20)
    constant = crash(service, f"crash {fresh.token()}").json.get("message")
    response = service.get("/drills/bad-response", headers={"X-Correlation-ID": given})
    assert response.status == 500, (
        "A response that breaks its own model was answered as if the caller had sent something wrong. "
        "`ResponseValidationError` is our own bug: leave it to the handler for everything else (a handler for the "
        "parent, `ValidationException`, takes it, too)."
    )
    body = assert_error(response, 500, "INTERNAL_ERROR", header=False, raised_by="response validation")
    assert body["message"] == constant, (
        "The message is not the constant of every other 500: something of the response that went wrong is in it."
    )
    assert_nothing_internal(response, {"what validation said": "Input should"})
    logs.complete()
    if not [failure for failure in failures(logs) if given in failure.text]:
        raise CheckFailed(
            "The log has no stack with this request's id. A refused response is a 5xx like any other: log it with "
            "`exc_info=error`.",
            expected=f"a record with a stack and the id {given}",
            got=written_by_the_service(logs),
        )


def assert_nothing_internal(response: Response, values: dict[str, str]) -> None:
    """Fail when one of these values, each under what it is, or anything else of an accident is in the response."""
    values = {
        **values,
        "a traceback": "Traceback (most recent",
        "a frame of the stack": 'File \\"',
        "the exception's type": "RuntimeError",
    }
    everything = "\n".join([response.text, *(f"{name}: {value}" for name, value in response.headers)])
    found = [what for what, value in values.items() if value in everything or json.dumps(value)[1:-1] in everything]
    if found:
        raise CheckFailed(
            f"The answer shows {found[0]}. Exceptions are written for you: they hold host names, SQL, connection "
            "strings. The caller gets a constant and the id"
            + ("; `debug=True` is for your own machine only." if found[0] == "a traceback" else "."),
            expected='{"error": "INTERNAL_ERROR", "message": "a constant", "correlation_id": "…"}',
            got=everything,
        )
