"""Today's values: the headers of an ordinary answer."""

from __future__ import annotations

import pytest

from .policies import policies_of
from .steps import HSTS, HTTPS, assert_basics, assert_strict_transport


@pytest.mark.check(level="easy")
def test_basics(service):
    """An ordinary answer says nosniff, may not be framed, tells other sites nothing, and has nothing outdated."""
    response = service.get("/about")
    assert_basics(response, "an ordinary answer")
    assert response.header("X-XSS-Protection") in (None, "0"), (
        "`X-XSS-Protection` switches on a filter that browsers have dropped because it could be turned against the "
        "page. Leave it out, or send `0`."
    )


@pytest.mark.check(level="easy", after="test_basics")
def test_policy_for_json(service):
    """The policy of a JSON answer is `default-src 'none'`."""
    for policy in policies_of(service.get("/about"))[:1]:
        got = policy.get("default-src")
        assert got == ["'none'"], (
            "JSON loads nothing, so its policy can forbid everything: `default-src 'none'`, with the quotes. A bare "
            "`none` is a host of that name, and `'self'` allows what nobody needs."
        )


@pytest.mark.check(level="medium", after="test_basics")
def test_https_only_where_it_is(service):
    """`Strict-Transport-Security` is sent to clients that used HTTPS, for a year or more, and to nobody else."""
    for headers in ({}, {"X-Forwarded-Proto": "http"}):
        got = service.get("/about", headers=headers).header(HSTS)
        assert got is None, (
            "`Strict-Transport-Security` was sent over plain HTTP, where RFC 6797 forbids it: whoever sits in between "
            "could have written it. Send it only when the client used HTTPS."
        )
    assert_strict_transport(service.get("/about", headers=HTTPS))
