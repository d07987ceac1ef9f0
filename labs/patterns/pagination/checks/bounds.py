"""Bounds: numbers outside of them are refused, with 422, and no number is a crash."""

from __future__ import annotations

import re

import pytest

from labs.judge import ServiceUnderTest

from .rows import add_users
from .steps import assert_absurd_is_harmless, assert_refused, url


@pytest.mark.check(level="easy")
def test_page_starts_at_one(service):
    """A page below 1, or one that is not a whole number, is refused."""
    assert_refused(service, "/users", page=("0", "-1", "-20", "abc", "1.5"))
    assert_let_through(service, "/users", page="1")


@pytest.mark.check(level="easy")
def test_page_size_has_two_bounds(service, fresh):
    """A page_size below 1 or above 100 is refused, not clamped; 1 and 100 are fine."""
    beyond = str(fresh.number(1_000, 1_000_000))
    assert_refused(service, "/users", page_size=("0", "-1", "101", beyond, "abc"))
    for page_size in ("1", "100"):
        assert_let_through(service, "/users", page_size=page_size)


@pytest.mark.check(level="medium")
def test_absurd_page_is_no_crash(service, database, fresh):
    """A page number with 18 or 30 digits gets an empty page or a 422, never a 500."""
    add_users(database, fresh, fresh.number(2, 5))
    assert_absurd_is_harmless(service, "/users")


def assert_let_through(service: ServiceUnderTest, path: str, **query: str) -> None:
    """Fail if this is refused; what else is answered is another check's business."""
    response = service.get(url(path, **query))
    assert response.status != 422, (
        "A parameter that the client left out is missed: `page` is 1 and `page_size` 20 then. The default belongs to "
        "the parameter, and `Query` takes it first."
        if re.search(r"missing|required", response.text)
        else "This value is within the bounds, which are inclusive: `ge` and `le`, not `gt` and `lt`."
    )
