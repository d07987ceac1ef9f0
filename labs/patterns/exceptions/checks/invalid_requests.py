"""Requests that don't fit: a refusal names the member that does not fit, and repeats nothing of what was sent."""

from __future__ import annotations

import json

import pytest

from labs.judge import SENT_AS_JSON, CheckFailed, Response, create_user

from .causes import why_echo, why_handler_failed, why_not_theirs
from .steps import REFUSALS, assert_error


@pytest.mark.check(level="easy", after="test_not_found_has_the_shape")
def test_request_that_does_not_fit(service, fresh):
    """A request that does not fit its model is a 422 in the same shape, wherever the misfit is."""
    user = create_user(service, fresh)
    for body in ({}, {"user_id": user["id"], "item": fresh.item(), "amount": "many"}, [fresh.item()]):
        assert_error(service.post("/orders", body), 422, "VALIDATION_ERROR", raised_by="request validation")
    assert_error(service.get(f"/orders/x{fresh.token(4)}"), 422, "VALIDATION_ERROR", raised_by="request validation")


@pytest.mark.check(level="medium", after="test_request_that_does_not_fit")
def test_broken_json(service, fresh):
    """JSON that ends too early, or a body that is not JSON, is a 422 or a 400 in the same shape."""
    # The last one is too deep for the parser before Python 3.14, and merely broken from then on.
    for body in (b'{"item": "' + fresh.item().encode(), b"", b"item=kettle", b"[" * 3_000):
        response = service.post("/orders", body=body, headers=SENT_AS_JSON)
        assert response.status in (400, 422), why_not_theirs(response)
        assert_error(response, response.status, REFUSALS[response.status], raised_by="the framework")


@pytest.mark.check(level="medium", after="test_request_that_does_not_fit")
def test_member_is_named(service, fresh):
    """The answer says which member does not fit."""
    user = create_user(service, fresh)
    good = {"user_id": user["id"], "item": fresh.item(), "amount": fresh.number(100, 9_999)}
    for name, body in (
        ("amount", {**good, "amount": "many"}),
        ("item", {key: value for key, value in good.items() if key != "item"}),
        ("user_id", {**good, "user_id": None}),
    ):
        response = service.post("/orders", body)
        assert_error(response, 422, "VALIDATION_ERROR", raised_by="request validation")
        assert name in response.text, (
            f"`{name}` is what does not fit, and nothing in the answer says so. The caller needs the place of each "
            "misfit (`loc`), in `message` or in a further member."
        )


@pytest.mark.check(level="medium", after="test_request_that_does_not_fit")
def test_no_input_is_echoed(service, fresh):
    """What was sent does not come back: not the value that is wrong, and not the rest of the body."""
    password, text = fresh.secret(), fresh.secret()
    user = {"name": fresh.name(), "password": password}
    for body, value in (
        (user, password),
        ({"user_id": 1, "item": "kettle", "amount": text}, text),
        ({**user, "email": [text]}, text),
    ):
        path = "/users" if "name" in body else "/orders"
        response = service.post(path, body)
        assert_error(response, 422, "VALIDATION_ERROR", raised_by="request validation")
        assert_not_echoed(response, value)
    sent = json.dumps({**user, "email": fresh.email()}).encode()
    response = service.post("/users", body=sent, headers={"Content-Type": "text/plain"})
    assert_not_echoed(response, password)


@pytest.mark.check(level="hard", after="test_no_input_is_echoed")
def test_validators_text_is_not_echoed(service, fresh):
    """A value does not come back in the text of a validator either."""
    password = f"#{fresh.token(4)}!"
    response = service.post("/users", {"name": fresh.name(), "email": fresh.email(), "password": password})
    assert_error(response, 422, "VALIDATION_ERROR", raised_by="a validator")
    assert_not_echoed(response, password)


@pytest.mark.check(level="hard", after="test_request_that_does_not_fit")
def test_the_handler_does_not_fail(service, fresh):
    """A value that JSON or UTF-8 can't hold, or an exception in a validator, does not turn the refusal into a 500."""
    user = create_user(service, fresh)
    template = '{{"user_id": {}, "item": "{}", "amount": {}}}'
    for amount in ("NaN", "-Infinity", "1e999", r'"\ud800"'):
        body = template.format(user["id"], fresh.item(), amount).encode()
        response = service.post("/orders", body=body, headers=SENT_AS_JSON)
        assert response.status in (400, 422), why_handler_failed(response)
        assert_error(response, response.status, REFUSALS[response.status])
    response = service.post("/users", {"name": fresh.name(), "email": fresh.email(), "password": "short"})
    assert response.status == 422, why_handler_failed(response)


def assert_not_echoed(response: Response, value: str) -> None:
    """Fail when a value that was sent comes back."""
    if value in response.text or json.dumps(value)[1:-1] in response.text:
        raise CheckFailed(why_echo(response, value), expected=f"{value}\nnowhere in the answer", got=response)
