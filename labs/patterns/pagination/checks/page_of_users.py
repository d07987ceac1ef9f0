"""A page of users: the envelope tells the truth, and all pages together are the list."""

from __future__ import annotations

import pytest

from labs.judge import ServiceUnderTest, damage

from .causes import why_beyond, why_envelope, why_total_pages
from .rows import Row, add_orders, add_users, ids
from .steps import ENVELOPE, assert_items, assert_undisturbed, assert_walk, get_page


@pytest.mark.check(level="easy")
def test_envelope(service, database, fresh):
    """Without parameters the list is page 1: the envelope, and the 20 newest users with id, name and e-mail."""
    rows = add_users(database, fresh, fresh.number(41, 59))
    page = get_page(service, "/users")
    wanted = {"total": len(rows), "page": 1, "page_size": 20, "total_pages": 3}
    got = {name: page[name] for name in ENVELOPE}
    assert got == wanted, why_envelope(got, wanted, len(page["items"]))
    assert_items("/users", page["items"], rows[:20], rows)
    assert_no_hash(service, rows)


@pytest.mark.check(level="easy", after="test_envelope")
def test_total_pages_rounds_up(service, database, fresh):
    """`total_pages` is rounded up, exact for multiples, and 0 when there is nothing."""
    empty = get_page(service, "/users", page_size=fresh.number(2, 100))
    assert (empty["total"], empty["total_pages"]) == (0, 0), (
        "There are no users, so there are no pages: a client that loops from 1 to `total_pages` must not send a "
        "request. `max(1, …)` and `// + 1` make one."
    )
    a, b = fresh.number(3, 4), fresh.number(5, 7)
    total = a * b
    add_users(database, fresh, total)
    sizes = (1, a, b, a + b, total - 1, total, total + 1)
    got = {size: get_page(service, "/users", page_size=size)["total_pages"] for size in sizes}
    wanted = {size: -(-total // size) for size in sizes}
    assert got == wanted, why_total_pages(got, wanted, total)


@pytest.mark.check(level="easy", after="test_envelope")
def test_beyond_the_end_is_empty(service, database, fresh):
    """A page beyond the end is 200 with no items and the real total."""
    total = fresh.number(11, 19)
    add_users(database, fresh, total)
    for number in (3, fresh.number(4, 99)):
        page = get_page(service, "/users", page=number, page_size=10)
        got = {"items": page["items"], "total": page["total"], "page": page["page"], "total_pages": page["total_pages"]}
        wanted = {"items": [], "total": total, "page": number, "total_pages": 2}
        assert got == wanted, why_beyond(got, wanted)


@pytest.mark.check(level="medium", after="test_envelope")
def test_every_user_once(service, database, fresh):
    """All pages together are the list: every user exactly once, newest first, higher id first among equals."""
    rows = add_users(database, fresh, fresh.number(48, 58), moments=9)
    # Users with several orders and with none: a join would multiply the ones and lose the others.
    add_orders(database, fresh, 25, owners=ids(rows[::5]))
    assert_walk(service, "/users", rows, fresh.number(7, 9))


@pytest.mark.check(level="hard", after="test_every_user_once")
def test_only_the_page_is_loaded(service, database, fresh):
    """A page loads its own rows only: damaged rows on other pages, which nobody can load, do it no harm."""
    rows = add_users(database, fresh, 60)
    wanted = ids(rows[10:20])
    assert ids(get_page(service, "/users", page=2, page_size=10)["items"]) == wanted, (
        "The healthy page is wrong already."
    )
    for column in ("name", "email"):
        damage(database, "users", column, ids([rows[n] for n in (4, 35, 55)]))
    assert_undisturbed(service, "/users", wanted, page=2, page_size=10)


def assert_no_hash(service: ServiceUnderTest, rows: list[Row]) -> None:
    """Fail if a password's hash is in the list."""
    text = service.get("/users?page_size=100").text
    leaked = [row["password_hash"] for row in rows if row["password_hash"] in text]
    assert leaked == [], (
        "The list shows `password_hash`: a `response_model` cuts a row down to what is meant to be seen."
    )
