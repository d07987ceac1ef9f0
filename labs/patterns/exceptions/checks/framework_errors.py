"""The framework's errors: what the router and the framework raise has the same shape, and keeps its headers."""

from __future__ import annotations

import pytest

from labs.judge import SENT_AS_JSON, CheckFailed, create_order

from .causes import why_not_theirs
from .steps import REFUSALS, assert_error, shown_headers


@pytest.mark.check(level="easy", after="test_not_found_has_the_shape")
def test_unknown_route(service, fresh):
    """A route that nobody wrote is a 404 in the same shape."""
    for method in ("GET", "POST"):
        assert_error(service.request(method, f"/{fresh.token()}"), 404, "NOT_FOUND", raised_by="the router")


@pytest.mark.check(level="easy", after="test_not_found_has_the_shape")
def test_wrong_method(service, fresh):
    """A method that the route does not have is a 405 in the same shape, and says which are allowed."""
    order = create_order(service, fresh)
    response = service.delete(f"/orders/{order['id']}")
    assert_error(response, 405, "METHOD_NOT_ALLOWED", raised_by="the router")
    allowed = [method.strip() for method in (response.header("Allow") or "").split(",")]
    if "GET" not in allowed:
        raise CheckFailed(
            "The 405 lost its `Allow` header on the way: the exception carries it in `headers`, and the answer has to "
            "pass them on.",
            expected="allow: GET",
            got=shown_headers(response),
        )


@pytest.mark.check(level="medium", after="test_not_found_has_the_shape")
def test_challenge_stays(service):
    """A 401 that is raised as the framework's HTTP error keeps its challenge."""
    response = service.get("/drills/private")
    assert_error(response, 401, "UNAUTHORIZED", raised_by="`raise HTTPException`")
    challenge = response.header("WWW-Authenticate") or ""
    if challenge.split(" ")[0].lower() != "bearer":
        raise CheckFailed(
            "The 401 lost its `WWW-Authenticate` header: pass the exception's `headers` on to the answer. "
            "Without it a client does not know how to sign in.",
            expected="www-authenticate: Bearer",
            got=shown_headers(response),
        )


@pytest.mark.check(level="medium", after="test_unknown_route")
def test_body_that_cannot_be_decoded(service, fresh):
    """A body that can't even be decoded is the caller's mistake, in the same shape."""
    body = b'{"item": "' + fresh.item().encode() + b'\xff\xfe"}'
    response = service.post("/orders", body=body, headers=SENT_AS_JSON)
    assert response.status in (400, 422), why_not_theirs(response)
    assert_error(response, response.status, REFUSALS[response.status], raised_by="the framework")
