"""At the border: a valid id of the caller's is taken over, everything else is replaced."""

from __future__ import annotations

import re

import pytest

from labs.judge import VALID_IDENT, CheckFailed, ServiceUnderTest, head

from .causes import HEADER, why_not_replaced, why_not_taken_over
from .steps import ident_of


@pytest.mark.check(level="easy", after="test_every_answer_has_an_id")
def test_valid_id_is_taken_over(service, fresh):
    """A valid id comes back unchanged, from 8 to 64 characters, on errors as well."""
    for given in (
        fresh.token(20),
        fresh.token(8),
        fresh.token(64),
        f"{fresh.token(6)}-{fresh.token(6).upper()}_{fresh.token(6)}.{fresh.number(1, 99)}",
        f"-{fresh.token(8)}.",
    ):
        for path in ("/about", f"/{fresh.token()}"):
            response = service.get(path, headers={HEADER: given})
            assert ident_of(response) == given, why_not_taken_over(given)


@pytest.mark.check(level="medium", after="test_valid_id_is_taken_over")
def test_hostile_id_is_replaced(service, fresh):
    """An id that is too short, too long or has other characters is replaced by a new one."""
    token = fresh.token(12)
    for given in (
        "",
        token[:7],
        fresh.token(65),
        fresh.token(4000),
        f"{token} admin",
        f"admin {token}",
        f'{token}","x":"',
        f"<b>{token}</b>",
        f"{token}%0d%0aX-Admin:1",
        f"{token}\\nadmin",
        f"{token},{token}",
        f"../{token}",
        f"${{jndi:{token}}}",
    ):
        assert_replaced(service, given)


@pytest.mark.check(level="hard", after="test_hostile_id_is_replaced")
def test_other_bytes_are_replaced(service, fresh):
    """Control characters, and letters and digits beyond ASCII, are replaced, too."""
    token = fresh.token(12).encode()
    for extra in (b"\x1b[31m", b"\t", b"\x7f", b"\x00", b"\x85", b"\xe9", b"\xb2", "ü".encode(), b"\xff"):
        assert_replaced(service, token[:6] + extra + token[6:])
    for extra in (b"\xe9", b"\xb2"):
        assert_replaced(service, token + extra)


@pytest.mark.check(level="medium", after="test_hostile_id_is_replaced")
def test_replacement_is_new(service, fresh):
    """What replaces a hostile id is new: it has nothing of the sender's, and is another one each time."""
    for given in (f"{fresh.token(12)}!", fresh.token(100), f"a {fresh.token(20)}", fresh.token(5)):
        first, second = (ident_of(service.get("/about", headers={HEADER: given})) for _ in range(2))
        assert first != second, (
            "The same hostile id was replaced by the same value twice. What is cleaned, cut, hashed or constant is "
            "not a new id: strangers then choose which requests share one. Make a new one."
        )
        pieces = [piece for piece in re.split(r"[^a-z0-9]+", given) if len(piece) >= 5]
        kept = [piece for piece in pieces if piece[:20] in first]
        assert kept == [], (
            "A part of the refused id is in the new one. Don't repair what does not fit; make a new id with `new_id()`."
        )


def assert_replaced(service: ServiceUnderTest, given: str | bytes) -> None:
    """Send an invalid id; fail unless the response has a valid one. A server may also refuse such a request."""
    response = service.get("/about", headers={HEADER: given})
    if response.status in (400, 431) and not response.header_values(HEADER):
        return  # the server's parser did not let it in at all
    values = response.header_values(HEADER)
    if len(values) == 1 and VALID_IDENT.fullmatch(values[0]) and response.status == 200:
        return
    raise CheckFailed(
        why_not_replaced(response, given, values),
        expected=f"200, with a new {HEADER} of 8 to 64 characters A-Z a-z 0-9 . _ -",
        got=head(response),
    )
