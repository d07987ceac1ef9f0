"""Exactly these fields: what does not fit is refused, and a refusal repeats nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from labs.judge import SENT_AS_JSON, CheckFailed, Response, ServiceUnderTest

from .causes import why_odd, why_refused, why_repeated, why_rule
from .steps import assert_absent, assert_basics, assert_not_logged, good_user, short


@pytest.mark.check(level="easy")
def test_user_is_created(service, logs, fresh):
    """A user within the limits is created; the password neither comes back nor is it logged."""
    for password, age in (
        (fresh.secret(), fresh.number(1, 149)),
        (fresh.token(8), 0),
        (fresh.token(128), 150),
        (fresh.secret(), None),
    ):
        body = {"name": fresh.name(), "email": fresh.email(), "password": password}
        response = service.post("/users", {**body, **({} if age is None else {"age": age})})
        assert response.status == 201, why_refused(password, age)
        user = response.json
        assert {"name": user["name"], "email": user["email"]} == {"name": body["name"], "email": body["email"]}, (
            "The user that comes back is not the one that was sent."
        )
        assert_absent(
            password,
            [response],
            "The password is in the answer. Say what may be shown, member by member: `new.model_dump()` has "
            "everything.",
        )
    logs.complete()
    assert_not_logged(logs, password, "The password is in the log: something logs the whole model or the whole body.")


@pytest.mark.check(level="easy", after="test_user_is_created")
def test_rules_of_the_fields(service, fresh):
    """An invalid address, a password too short or too long, an age out of range, a missing member: 422."""
    good = good_user(fresh)
    address = good["email"]
    for member, values in {
        "password": ["", fresh.token(7), fresh.token(129), fresh.token(5000)],
        "age": [-1, 151, 10**30],
        "email": [
            "",
            "ada",
            "ada@",
            "@example.com",
            f"{fresh.token()}@example",
            f"a {address}",
            f"{address}\n",
            f"{address}, {address}",
        ],
    }.items():
        for value in values:
            assert_refused(service, {**good, member: value}, f"`{member}` was {short(value)}", why_rule(member, value))
    for member in ("name", "email", "password"):
        body = {name: value for name, value in good.items() if name != member}
        assert_refused(
            service, body, f"`{member}` was missing", f"`{member}` has no default: a user without it is refused."
        )


@pytest.mark.check(level="medium", after="test_rules_of_the_fields")
def test_plain_address(service, fresh):
    """A mailbox with a display name is not a plain e-mail address."""
    good = good_user(fresh)
    for value in (f"{fresh.name()} <{good['email']}>", f"<{good['email']}>"):
        cause = (
            "A display name with an address in angle brackets was taken. `EmailStr` reads such a mailbox and keeps "
            "its address, so what is stored is not what was sent: refuse a `<` before it looks."
        )
        assert_refused(service, {**good, "email": value}, f"`email` was {value}", cause)


@pytest.mark.check(level="medium", after="test_rules_of_the_fields")
def test_types_are_types(service, fresh):
    """JSON types are not coerced: true is not a number, "30" is not a number, a number is not text."""
    good = good_user(fresh)
    for member, value in (
        ("age", True),
        ("age", False),
        ("age", str(fresh.number(10, 90))),
        ("age", f" {fresh.number(1, 9)} "),
        ("age", fresh.number(1, 90) + 0.5),
        ("name", fresh.number(1, 99)),
        ("password", fresh.number(10**9, 10**10)),
        ("email", [good["email"]]),
    ):
        cause = (
            f"`{member}` was {json.dumps(value)} and was taken: Pydantic converts what it can unless the model is "
            "strict (`ConfigDict(strict=True)`). `int(…)` and `str(…)` of your own convert, too, and "
            "`isinstance(True, int)` is true."
        )
        assert_refused(service, {**good, member: value}, f"`{member}` was {json.dumps(value)}", cause)


@pytest.mark.check(level="medium", after="test_rules_of_the_fields")
def test_unknown_members(service, fresh):
    """A member that nobody declared is refused, and nothing of such a request is kept."""
    good = good_user(fresh)
    for member, value in (
        ("is_admin", True),
        ("role", "admin"),
        ("id", fresh.number(1000, 9999)),
        (fresh.token(), None),
    ):
        cause = (
            f"The unknown member `{member}` was taken or dropped in silence. A client that sends it believes "
            'something else than you do; refuse it with `extra="forbid"`.'
        )
        assert_refused(service, {**good, member: value}, f"`{member}` is not declared", cause)
    assert service.post("/users", good).status == 201, (
        "After its requests were refused, the same user can't be created any more: a refused request has left "
        "something behind."
    )


@pytest.mark.check(level="medium", after=("test_plain_address", "test_crash_has_them"))
def test_refusal_is_discreet(service, logs, fresh):
    """A refusal names the member and repeats no value, in the answer or in the log, and has the security headers."""
    password, marker = fresh.secret(), fresh.token(16)
    good = {**good_user(fresh), "password": password}
    for member, body in (
        ("password", {**good, "password": marker[:7]}),
        ("email", {name: value for name, value in good.items() if name != "email"}),
        ("email", {**good, "email": marker}),
        ("email", {**good, "email": f"{marker} <{good['email']}>"}),
        ("age", {**good, "age": marker}),
        ("name", {**good, "name": [marker]}),
    ):
        response = assert_refused(service, body, f"`{member}` did not fit", "This body does not fit and was taken.")
        for value in (password, marker[:7]):
            assert_absent(value, [response], why_repeated(response, value))
        assert member in response.text, (
            f"Nothing in the refusal says that it is about `{member}`. Name the place (`loc`) of each misfit."
        )
        assert_basics(response, "a refusal")
    sent = json.dumps(good).encode()
    for headers, part in (({"Content-Type": "text/plain"}, sent), (SENT_AS_JSON, sent[:-1])):
        response = service.request("POST", "/users", body=part, headers=headers)
        assert_absent(password, [response], why_repeated(response, password))
    logs.complete()
    for value in (password, marker[:7]):
        assert_not_logged(
            logs,
            value,
            "A value that was refused is in the log: log which member did not fit, not `error.errors()` or the body.",
        )


@pytest.mark.check(level="hard", after="test_refusal_is_discreet")
def test_odd_json(service, fresh):
    """JSON that is not quite JSON is refused like anything else, never a 500."""
    good = good_user(fresh)
    for member, value in (
        ("age", "NaN"),
        ("age", "1e999"),
        ("age", "9" * 400),
        ("password", "NaN"),
        ("name", r'"\ud800"'),
        ("email", r'"\ud800@example.com"'),
        ("age", "[" * 2000 + "]" * 2000),
    ):
        others = "".join(f"{json.dumps(name)}: {json.dumps(text)}, " for name, text in good.items() if name != member)
        body = f"{{{others}{json.dumps(member)}: {value}}}"
        response = service.request("POST", "/users", body=body.encode(), headers=SENT_AS_JSON)
        if response.status not in (400, 422) and not (response.status == 201 and member == "name"):
            shown_value = value if len(value) < 40 else f"{value[:5]}… ({len(value)} characters)"
            raise CheckFailed(
                why_odd(response, member), expected=f"422, or 400, because `{member}` was {shown_value}", got=response
            )


def assert_refused(service: ServiceUnderTest, body: Any, what: str, cause: str) -> Response:
    """The response to this body for `/users`, which has to be 422, because of `what`; fails with this cause."""
    response = service.post("/users", body)
    if response.status != 422:
        if response.status >= 500:
            cause = "The request does not fit and became a 500: a validator or the error handler itself failed."
        raise CheckFailed(cause, expected=f"422, because {what}", got=response)
    return response
