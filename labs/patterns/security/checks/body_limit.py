"""Before it is read: a body of more than 64 KiB is refused, however it is sent, and nothing within the limit is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from labs.judge import SENT_AS_JSON, Response, ServiceUnderTest, no_response_means

from .causes import why_not_413, why_not_read
from .steps import LIMIT, assert_basics, good_user

WAITED = (
    "More than 64 KiB had arrived, and the service still waited for the rest: it reads the whole body before it "
    "counts, so a client decides how much memory that takes. Stop reading when it is too much."
)


@pytest.mark.check(level="medium", after="test_basics")
def test_announced_body(service, fresh):
    """A body that is announced as larger than 64 KiB is 413, with the headers of every answer."""
    for size in (LIMIT + 1, 3 * LIMIT):
        response = service.request("POST", "/users", body=padded(good_user(fresh), size), headers=SENT_AS_JSON)
        assert response.status == 413, why_not_413(response, size)
    assert_basics(
        response, "a 413", "The 413 was answered outside of what adds the headers: the limit belongs inside of it."
    )


@pytest.mark.check(level="medium", after=("test_announced_body", "test_user_is_created"))
def test_body_within_the_limit(service, fresh):
    """A body of exactly 64 KiB is read, in one piece or in many, and so is a small one."""
    for size, framing, gaps in (
        (400, "announced", ()),
        (400, "chunked", ()),
        (LIMIT - 1, "announced", ()),
        (LIMIT, "chunked", ()),
        (LIMIT, "announced", (80, 30_000)),
    ):
        body = padded(good_user(fresh), size)
        if framing == "chunked":
            response = post_chunks(service, body, 7_000)
        else:
            response = service.request("POST", "/users", body=body, headers=SENT_AS_JSON, gaps=gaps)
        assert response.status == 201, why_not_read(response, size, framing)


@pytest.mark.check(level="hard", after="test_announced_body")
def test_chunked_body(service, fresh):
    """A body whose size nobody announces is counted: 413 above 64 KiB."""
    for size, piece, gaps in (
        (LIMIT + 1, LIMIT + 1, ()),
        (LIMIT + 1, 8_000, (20_000, 40_000, 60_000)),
        (3 * LIMIT, 1_000, ()),
    ):
        response = post_chunks(service, padded(good_user(fresh), size), piece, gaps)
        assert response.status == 413, (
            why_not_413(response, size)
            if response.status in (400, 500)
            else (
                "A body without `Content-Length` (`Transfer-Encoding: chunked`) went through. Only a header was "
                "looked at, or only one piece at a time: add up the length of all pieces that `receive` gives."
            )
        )


@pytest.mark.check(level="expert", after="test_chunked_body")
def test_told_before_the_rest(service, fresh):
    """413 is answered as soon as it is clear, not when the rest has come."""
    body = padded(good_user(fresh), LIMIT + 5_000)
    for headers, sent in (
        ({"Transfer-Encoding": "chunked"}, b"%x\r\n%b\r\n" % (len(body), body)),
        ({"Content-Length": "4000000"}, body),
    ):
        with no_response_means(WAITED, expected="413 after 64 KiB"):
            response = service.request("POST", "/users", body=sent, headers={**SENT_AS_JSON, **headers}, deadline=2)
        assert response.status == 413, why_not_413(response, len(body))
    assert service.get("/about").status == 200, "After refusing large bodies the service does not answer any more."


def padded(body: dict[str, Any], size: int) -> bytes:
    """This body as JSON of exactly so many bytes: JSON allows spaces at its end."""
    text = json.dumps(body).encode()
    return text + b" " * (size - len(text))


def post_chunks(service: ServiceUnderTest, body: bytes, piece: int, gaps: tuple[int, ...] = ()) -> Response:
    """POST this body to `/users` in chunks of so many bytes; `gaps` as in a request."""
    pieces = [body[start : start + piece] for start in range(0, len(body), piece)]
    sent = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in pieces) + b"0\r\n\r\n"
    headers = {**SENT_AS_JSON, "Transfer-Encoding": "chunked"}
    return service.request("POST", "/users", body=sent, headers=headers, gaps=gaps)
