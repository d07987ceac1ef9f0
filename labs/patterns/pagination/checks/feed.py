"""A feed: whoever follows its cursors sees every order once, in order, whatever comes and goes meanwhile."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from labs.judge import CheckFailed, ServiceUnderTest, damage

from .feed_causes import why_feed, why_forged, why_moved, why_no_feed
from .rows import START, Row, add_orders, ids, listing, stamp
from .steps import assert_items, assert_refused, assert_undisturbed, url

# What may stand in a cursor, to be packed as one: of the wrong shape, type or size.
LIKE_CURSORS = (
    "null",
    "{}",
    "[]",
    "[null, null]",
    '["2026-03-01 09:00:00.000000"]',
    f'["2026-03-01 09:00:00.000000", {10**30}]',
    f'{{"created_at": "2026-03-01 09:00:00.000000", "id": {10**30}}}',
    '["\\ud800", 5]',
    f"2026-03-01 09:00:00.000000|{10**30}",
    "2026-13-41 09:00:00.000000|5",
    str(10**30),
    "-1",
)


@pytest.mark.check(level="medium")
def test_feed_shows_all(service, database, fresh):
    """The feed shows every order once, newest first, 20 at a time, and ends with null; an empty one ends at once."""
    empty = get_feed(service)
    assert (empty["items"], empty["next_cursor"]) == ([], None), (
        "There are no orders, so there is nothing to show and nothing to come: `next_cursor` is `null`."
    )
    rows = add_orders(database, fresh, fresh.number(42, 58))
    first = get_feed(service)
    assert_items("/orders", first["items"], rows[:20], rows)
    for limit in (fresh.number(6, 9), len(rows), len(rows) + 1):
        seen = walk_feed(service, limit, most=len(rows) // limit + 3)
        assert listing(seen, rows) == listing(ids(rows), rows), why_feed(seen, rows, limit)


@pytest.mark.check(level="medium", after="test_feed_shows_all")
def test_limit_is_bounded(service, database, fresh):
    """A limit below 1 or above 100 is refused; 1 and 100 are fine."""
    rows = add_orders(database, fresh, 3)
    assert_refused(service, "/orders/feed", limit=("0", "-1", "101", str(fresh.number(1_000, 10**9)), "abc"))
    assert len(get_feed(service, limit=1)["items"]) == 1, "`limit=1` is one order."
    assert len(get_feed(service, limit=100)["items"]) == len(rows), "`limit=100` is allowed, and shows all there are."


@pytest.mark.check(level="hard", after="test_feed_shows_all")
def test_feed_crosses_ties(service, database, fresh):
    """Orders of the same moment, more than fit on a page, are shown once each."""
    rows = add_orders(database, fresh, fresh.number(40, 50), moments=3)
    limit = fresh.number(4, 6)
    seen = walk_feed(service, limit, most=len(rows) // limit + 3)
    assert listing(seen, rows) == listing(ids(rows), rows), why_feed(seen, rows, limit)


@pytest.mark.check(level="hard", after="test_feed_shows_all")
def test_forged_cursor_is_refused(service, database, fresh):
    """An invalid cursor is 422; one that was tampered with is never a 500."""
    add_orders(database, fresh, 12)
    for cursor in (fresh.token(), f"{fresh.token()}!%/\\ü", "'; DROP TABLE orders; --", "z" * 2000):
        response = service.get(url("/orders/feed", cursor=cursor))
        assert response.status == 422, why_forged(response)
    real = get_feed(service, limit=5)["next_cursor"]
    for cursor in (*tampered(str(real)), *(encoded(text) for text in LIKE_CURSORS)):
        response = service.get(url("/orders/feed", cursor=cursor))
        if response.status not in (200, 422):
            raise CheckFailed(why_forged(response), expected="422, or 200 if it still makes sense", got=response)


@pytest.mark.check(level="expert", after="test_feed_crosses_ties")
def test_feed_survives_inserts(service, database, fresh):
    """While orders come in, at the top and in between, every order that was there is shown once, in order."""
    rows = add_orders(database, fresh, 40, moments=8)
    there = ids(rows)
    newest = START + timedelta(days=400)

    def come_in() -> None:
        for moment in (newest, START + timedelta(seconds=fresh.number(0, 7) * 60)):
            row = (fresh.number(1, 3), fresh.item(), 100, "open", stamp(moment))
            database.execute(
                "INSERT INTO orders (user_id, item, amount, status, created_at) VALUES (?, ?, ?, ?, ?)", *row
            )

    seen = [number for number in walk_feed(service, 7, most=40, between=come_in) if number in there]
    assert listing(seen, rows) == listing(there, rows), why_moved(seen, there, "come in")


@pytest.mark.check(level="expert", after="test_feed_crosses_ties")
def test_feed_survives_deletions(service, database, fresh):
    """While orders are deleted, even the last one shown, every order that stays is shown once, in order."""
    rows = add_orders(database, fresh, 42, moments=8)
    last: list[int] = []
    gone: set[int] = set()

    def go() -> None:
        for number in {last[-1], last[0]}:
            database.execute("DELETE FROM orders WHERE id = ?", number)
            gone.add(number)

    def shown(items: list[int]) -> None:
        last[:] = items

    seen = walk_feed(service, 7, most=20, between=go, shown=shown)
    there = ids(rows)  # what goes had been shown before
    assert listing(seen, rows) == listing(there, rows), why_moved(seen, there, "go")


@pytest.mark.check(level="expert", after="test_feed_crosses_ties")
def test_feed_loads_its_page(service, database, fresh):
    """A page of the feed loads its own orders only: damaged ones before and behind it do it no harm."""
    rows = add_orders(database, fresh, 60)
    first = get_feed(service, limit=10)
    cursor = first["next_cursor"]
    damage(database, "orders", "item", ids([rows[n] for n in (4, 35, 55)]))
    assert_undisturbed(service, "/orders/feed", ids(rows[10:20]), limit=10, cursor=cursor)


def get_feed(service: ServiceUnderTest, **query: Any) -> Row:
    """A page of the feed; fails when it is not one, or longer than its limit."""
    response = service.get(url("/orders/feed", **query))
    if response.status != 200:
        raise CheckFailed(why_no_feed(response, query), expected="200 OK\nand a page of the feed", got=response)
    page = response.json
    if not isinstance(page, dict) or not isinstance(page.get("items"), list) or "next_cursor" not in page:
        raise CheckFailed(
            "A page of the feed is an object with `items` and `next_cursor`, which is there even when it is `null`.",
            expected='{"items": […], "next_cursor": …}',
            got=response,
        )
    if not isinstance(page["next_cursor"], (str, int, type(None))) or page["next_cursor"] == "":
        raise CheckFailed(
            "`next_cursor` has to be something that fits into a URL as it is, or `null` after the last.",
            expected="a text, or null",
            got=page["next_cursor"],
        )
    limit = query.get("limit", 20)
    if len(page["items"]) > limit:
        raise CheckFailed(
            f"{len(page['items'])} orders where {limit} were asked for. The one more that tells whether something "
            "follows is not shown.",
            expected=f"at most {limit} orders",
            got=f"{len(page['items'])} orders",
        )
    return page


def walk_feed(
    service: ServiceUnderTest,
    limit: int,
    *,
    most: int,
    between: Callable[[], None] = lambda: None,
    shown: Callable[[list[int]], None] = lambda items: None,
) -> list[int]:
    """Follow `next_cursor` to its end, over at most so many pages; the ids in the order in which they came.

    `between` is called before each further page, and `shown` before that with the ids on the last one.
    """
    page = get_feed(service, limit=limit)
    seen = ids(page["items"])
    for _ in range(most):
        if page["next_cursor"] is None:
            return seen
        if page["items"]:
            shown(ids(page["items"]))
            between()
        cursor = page["next_cursor"]
        page = get_feed(service, limit=limit, cursor=cursor)
        seen += ids(page["items"])
        if page["next_cursor"] == cursor and page["items"]:
            break
    raise CheckFailed(
        "The feed does not end: whoever follows `next_cursor` goes round, or on for ever. It is `null` when nothing "
        "follows, and moves on with every page.",
        expected=f"null after at most {most} pages",
        got=f"{page['next_cursor']}\nafter these ids: {seen[:60]}",
    )


def encoded(text: str) -> str:
    """A text as many services pack their cursors."""
    return base64.urlsafe_b64encode(text.encode()).decode()


def tampered(cursor: str) -> list[str]:
    """What a curious client makes of a cursor, packed or not: other numbers, halves, something in front."""
    found = [cursor[: len(cursor) // 2], cursor[1:], cursor[::-1], cursor + cursor]
    found += [f"{cursor}=", f"x{cursor}", f"{cursor}é"]
    for text, pack in ((cursor, str), (_unpacked(cursor), encoded)):
        if text is None:
            continue
        found += [pack(re.sub(r"\d+(?=\D*$)", str(10**30), text)), pack(re.sub(r"\d+", str(10**30), text))]
        found += [pack(text[: len(text) // 2]), pack(re.sub(r"\d", "x", text)), pack(f"{text}\x00")]
    return [text for text in found if text]


def _unpacked(cursor: str) -> str | None:
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        return None
