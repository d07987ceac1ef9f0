"""Checks of exercise 5, “Before it is read”."""

from __future__ import annotations

import json
from typing import Any

import pytest

from labs.judge import CheckFailed, Response

from .causes import why_not_413, why_not_read
from .reading import LIMIT
from .steps import SENT_AS_JSON, assert_basics, good_user


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
    """413 is said as soon as it is clear, not when the rest has come."""
    body = padded(good_user(fresh), LIMIT + 5_000)
    for headers, sent in (
        ({"Transfer-Encoding": "chunked"}, b"%x\r\n%b\r\n" % (len(body), body)),
        ({"Content-Length": "4000000"}, body),
    ):
        try:
            response = service.request("POST", "/users", body=sent, headers={**SENT_AS_JSON, **headers}, deadline=2)
        except CheckFailed as silence:
            raise CheckFailed(
                "More than 64 KiB had arrived, and the service still waited for the rest: it reads the whole body "
                "before it counts, so a client decides how much memory that takes. Stop reading when it is too much.",
                expected="413 after 64 KiB",
                got=silence.got,
            ) from None
        assert response.status == 413, why_not_413(response, len(body))
    assert service.get("/about").status == 200, "After refusing large bodies the service does not answer any more."


def padded(body: dict[str, Any], size: int) -> bytes:
    """The body as JSON of exactly this many bytes: JSON allows spaces at its end."""
    text = json.dumps(body).encode()
    return text + b" " * (size - len(text))


def post_chunks(service: Any, body: bytes, piece: int, gaps: tuple[int, ...] = ()) -> Response:
    """POST /users with a chunked body."""
    pieces = [body[start : start + piece] for start in range(0, len(body), piece)]
    sent = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in pieces) + b"0\r\n\r\n"
    response: Response = service.request(
        "POST", "/users", body=sent, headers={**SENT_AS_JSON, "Transfer-Encoding": "chunked"}, gaps=gaps
    )
    return response
