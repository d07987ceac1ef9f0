"""What paginated lists and a feed promise, seen from outside: every row once, in order, whatever else happens."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from labs.judge import Answer, CheckFailed, ServiceUnderTest

Row = dict[str, Any]

ENVELOPE = ("total", "page", "page_size", "total_pages")
MEMBERS = {"/users": ("id", "name", "email"), "/orders": ("id", "user_id", "item", "amount", "status")}
COLUMNS = {
    "users": ("id", "name", "email", "password_hash", "created_at"),
    "orders": ("id", "user_id", "item", "amount", "status", "created_at"),
}
ABSURD = (2**63, 10**18, 10**30)
START = datetime(2026, 3, 1, 9)


# Bounds


@pytest.mark.check("bounds", level="easy")
def test_page_starts_at_one(service):
    """A page below 1, or one that is no whole number, is refused."""
    assert_refused(service, "/users", page=("0", "-1", "-20", "abc", "1.5"))
    assert_let_through(service, "/users", page="1")


@pytest.mark.check("bounds", level="easy")
def test_page_size_has_two_bounds(service, fresh):
    """A page_size below 1 or above 100 is refused, not clamped; 1 and 100 are fine."""
    beyond = str(fresh.number(1_000, 1_000_000))
    assert_refused(service, "/users", page_size=("0", "-1", "101", beyond, "abc"))
    for page_size in ("1", "100"):
        assert_let_through(service, "/users", page_size=page_size)


@pytest.mark.check("bounds", level="medium")
def test_absurd_page_is_no_crash(service, database, fresh):
    """A page number with 18 or 30 digits gets an empty page or a 422, never a 500."""
    add_users(database, fresh, fresh.number(2, 5))
    assert_absurd_is_harmless(service, "/users")


# A page of users


@pytest.mark.check("page_of_users", level="easy")
def test_envelope(service, database, fresh):
    """Without parameters it is page 1 of 20: the envelope, and the newest users with their id, name and e-mail."""
    rows = add_users(database, fresh, fresh.number(41, 59))
    page = get_page(service, "/users")
    wanted = {"total": len(rows), "page": 1, "page_size": 20, "total_pages": 3}
    got = {name: page[name] for name in ENVELOPE}
    assert got == wanted, why_envelope(got, wanted, len(page["items"]))
    assert_items("/users", page["items"], rows[:20], rows)
    assert_no_hash(service, rows)


@pytest.mark.check("page_of_users", level="easy", after="test_envelope")
def test_total_pages_rounds_up(service, database, fresh):
    """total_pages is rounded up, exact for multiples, and 0 when there is nothing."""
    empty = get_page(service, "/users", page_size=fresh.number(2, 100))
    assert (empty["total"], empty["total_pages"]) == (0, 0), (
        "There are no users, so there are no pages: a client that loops from 1 to `total_pages` must not send a request. "
        "`max(1, …)` and `// + 1` make one."
    )
    a, b = fresh.number(3, 4), fresh.number(5, 7)
    total = a * b
    add_users(database, fresh, total)
    sizes = (1, a, b, a + b, total - 1, total, total + 1)
    got = {size: get_page(service, "/users", page_size=size)["total_pages"] for size in sizes}
    wanted = {size: -(-total // size) for size in sizes}
    assert got == wanted, why_total_pages(got, wanted, total)


@pytest.mark.check("page_of_users", level="easy", after="test_envelope")
def test_beyond_the_end_is_empty(service, database, fresh):
    """A page beyond the end is 200 with no items and the real total."""
    total = fresh.number(11, 19)
    add_users(database, fresh, total)
    for number in (3, fresh.number(4, 99)):
        page = get_page(service, "/users", page=number, page_size=10)
        got = {"items": page["items"], "total": page["total"], "page": page["page"], "total_pages": page["total_pages"]}
        wanted = {"items": [], "total": total, "page": number, "total_pages": 2}
        assert got == wanted, why_beyond(got, wanted)


@pytest.mark.check("page_of_users", level="medium", after="test_envelope")
def test_every_user_once(service, database, fresh):
    """All pages together are the list: every user exactly once, newest first, higher id first among equals."""
    rows = add_users(database, fresh, fresh.number(48, 58), moments=9)
    # Users with several orders and with none: a join would multiply the ones and lose the others.
    add_orders(database, fresh, 25, owners=[row["id"] for row in rows[::5]])
    assert_walk(service, "/users", rows, fresh.number(7, 9))


@pytest.mark.check("page_of_users", level="hard", after="test_every_user_once")
def test_only_the_page_is_loaded(service, database, fresh):
    """A page costs its own rows: damaged rows on other pages, which nobody can load, do it no harm."""
    rows = add_users(database, fresh, 60)
    wanted = [row["id"] for row in rows[10:20]]
    assert ids(get_page(service, "/users", page=2, page_size=10)["items"]) == wanted, (
        "The healthy page is wrong already."
    )
    damage(database, "users", [rows[n] for n in (4, 35, 55)], ("name", "email"))
    assert_undisturbed(service, "/users", wanted, page=2, page_size=10)


# A page of orders


@pytest.mark.check("page_of_orders", level="easy")
def test_all_orders_without_a_filter(service, database, fresh):
    """Without a filter it is a page of all orders, whatever their status."""
    rows = add_orders(database, fresh, fresh.number(41, 59))
    page = get_page(service, "/orders")
    wanted = {"total": len(rows), "page": 1, "page_size": 20, "total_pages": 3}
    got = {name: page[name] for name in ENVELOPE}
    assert got == wanted, why_all_orders(got, wanted, page["items"])
    assert_items("/orders", page["items"], rows[:20], rows)


@pytest.mark.check("page_of_orders", level="medium", after="test_all_orders_without_a_filter")
def test_filter_counts(service, database, fresh):
    """A filter holds for the rows and for total and total_pages, on every page."""
    rows = add_orders(database, fresh, fresh.number(50, 70))
    for status in ("paid", "open"):
        matching = [row for row in rows if row["status"] == status]
        assert_walk(service, "/orders", matching, 7, rows, status=status)


@pytest.mark.check("page_of_orders", level="medium", after="test_all_orders_without_a_filter")
def test_order_is_total(service, database, fresh):
    """Orders of the same moment keep their places, even when somebody adds an index: higher id first."""
    rows = add_orders(database, fresh, fresh.number(44, 54), moments=4)
    size = fresh.number(7, 9)
    assert_walk(service, "/orders", rows, size)
    database.execute(f"CREATE INDEX ix_{fresh.token()} ON orders (created_at, amount)")
    try:
        assert_walk(service, "/orders", rows, size)
    except CheckFailed as failed:
        failed.cause = f"Since an index was added from outside, the order is another one. {failed.cause}"
        failed.args = (failed.cause,)
        raise


@pytest.mark.check("page_of_orders", level="medium", after="test_filter_counts")
def test_filter_is_data(service, database, fresh):
    """A filter with quotes in it is a status that no order has, not a piece of SQL."""
    add_orders(database, fresh, 12)
    for status in (f"{fresh.token()}' OR '1'='1", "open' --", f"o'{fresh.token()}", 'paid" OR 1=1 --', "%"):
        answer = service.get(url("/orders", status=status))
        if answer.status == 422:  # a service that knows its statuses by name
            continue
        got = {"status": answer.status}
        if answer.status == 200 and isinstance(answer.json, dict):
            got["total"] = answer.json.get("total")
        assert got == {"status": 200, "total": 0}, why_injected(status, got)


@pytest.mark.check("page_of_orders", level="easy", after="test_all_orders_without_a_filter")
def test_orders_have_the_same_bounds(service, database, fresh):
    """The bounds hold for orders as well, absurd page numbers included."""
    add_orders(database, fresh, 5)
    assert_refused(service, "/orders", page=("0", "-1", "abc"), page_size=("0", "101", "-1"))
    assert_absurd_is_harmless(service, "/orders")
    assert_absurd_is_harmless(service, "/orders", status="open")


@pytest.mark.check("page_of_orders", level="hard", after=("test_order_is_total", "test_filter_counts"))
def test_only_the_page_of_orders_is_loaded(service, database, fresh):
    """A filtered page costs its own rows: damaged orders on other pages do it no harm."""
    rows = add_orders(database, fresh, 90)
    matching = [row for row in rows if row["status"] == "open"]
    wanted = [row["id"] for row in matching[7:14]]
    page = get_page(service, "/orders", status="open", page=2, page_size=7)
    assert ids(page["items"]) == wanted, "The healthy page is wrong already."
    others = [matching[3], matching[17], matching[25], *(row for row in rows if row["status"] == "paid")]
    damage(database, "orders", others, ("item",))
    assert_undisturbed(service, "/orders", wanted, status="open", page=2, page_size=7)


# A feed


@pytest.mark.check("feed", level="medium")
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


@pytest.mark.check("feed", level="medium", after="test_feed_shows_all")
def test_limit_is_bounded(service, database, fresh):
    """limit is refused below 1 and above 100; 1 and 100 are fine."""
    rows = add_orders(database, fresh, 3)
    assert_refused(service, "/orders/feed", limit=("0", "-1", "101", str(fresh.number(1_000, 10**9)), "abc"))
    assert len(get_feed(service, limit=1)["items"]) == 1, "`limit=1` is one order."
    assert len(get_feed(service, limit=100)["items"]) == len(rows), "`limit=100` is allowed, and shows all there are."


@pytest.mark.check("feed", level="hard", after="test_feed_shows_all")
def test_feed_crosses_ties(service, database, fresh):
    """Orders of the same moment, more than fit on a page, are shown once each."""
    rows = add_orders(database, fresh, fresh.number(40, 50), moments=3)
    limit = fresh.number(4, 6)
    seen = walk_feed(service, limit, most=len(rows) // limit + 3)
    assert listing(seen, rows) == listing(ids(rows), rows), why_feed(seen, rows, limit)


@pytest.mark.check("feed", level="hard", after="test_feed_shows_all")
def test_forged_cursor_is_refused(service, database, fresh):
    """A cursor that is none is 422; one that was tampered with is never a 500."""
    add_orders(database, fresh, 12)
    for cursor in (fresh.token(), f"{fresh.token()}!%/\\ü", "'; DROP TABLE orders; --", "z" * 2000):
        answer = service.get(url("/orders/feed", cursor=cursor))
        assert answer.status == 422, why_forged(answer)
    real = get_feed(service, limit=5)["next_cursor"]
    for cursor in (*tampered(str(real)), *(encoded(text) for text in LIKE_CURSORS)):
        answer = service.get(url("/orders/feed", cursor=cursor))
        if answer.status not in (200, 422):
            raise CheckFailed(why_forged(answer), expected="422, or 200 if it still makes sense", got=answer)


@pytest.mark.check("feed", level="expert", after="test_feed_crosses_ties")
def test_feed_survives_inserts(service, database, fresh):
    """While orders come in, at the top and in between, every order that was there is shown once, in order."""
    rows = add_orders(database, fresh, 40, moments=8)
    there = [row["id"] for row in rows]
    newest = START + timedelta(days=400)

    def come_in() -> None:
        for moment in (newest, START + timedelta(seconds=fresh.number(0, 7) * 60)):
            row = (fresh.number(1, 3), fresh.item(), 100, "open", stamp(moment))
            database.execute(
                "INSERT INTO orders (user_id, item, amount, status, created_at) VALUES (?, ?, ?, ?, ?)", *row
            )

    seen = [number for number in walk_feed(service, 7, most=40, between=come_in) if number in there]
    assert listing(seen, rows) == listing(there, rows), why_moved(seen, there, "come in")


@pytest.mark.check("feed", level="expert", after="test_feed_crosses_ties")
def test_feed_survives_deletions(service, database, fresh):
    """While orders go, the last one shown included, every order that stays is shown once, in order."""
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
    there = [row["id"] for row in rows]  # what goes had been shown before
    assert listing(seen, rows) == listing(there, rows), why_moved(seen, there, "go")


@pytest.mark.check("feed", level="expert", after="test_feed_crosses_ties")
def test_feed_loads_its_page(service, database, fresh):
    """A page of the feed costs its own orders: damaged ones before and behind it do it no harm."""
    rows = add_orders(database, fresh, 60)
    first = get_feed(service, limit=10)
    cursor = first["next_cursor"]
    damage(database, "orders", [rows[n] for n in (4, 35, 55)], ("item",))
    assert_undisturbed(service, "/orders/feed", [row["id"] for row in rows[10:20]], limit=10, cursor=cursor)


# Rows, written behind the service's back


def add_users(database: Any, fresh: Any, count: int, *, moments: int = 0) -> list[Row]:
    """Users that registered in another order than that of their ids; returns them as they have to be listed."""
    facts = [{"name": fresh.name(), "email": fresh.email(), "password_hash": fresh.secret()} for _ in range(count)]
    return _add(database, fresh, "users", facts, moments)


def add_orders(
    database: Any, fresh: Any, count: int, *, moments: int = 0, owners: Sequence[int] = (1, 2, 3)
) -> list[Row]:
    """Orders, a good third of them paid; returns them as they have to be listed."""
    if not database.execute("SELECT 1 FROM users LIMIT 1"):
        add_users(database, fresh, 3)
    facts = [
        {
            "user_id": owners[fresh.number(0, len(owners) - 1)],
            "item": fresh.item(),
            "amount": fresh.number(100, 99_999),
            "status": "paid" if n % 5 in (1, 3) else "open",
        }
        for n in range(count)
    ]
    return _add(database, fresh, "orders", facts, moments)


def _add(database: Any, fresh: Any, table: str, facts: list[Row], moments: int) -> list[Row]:
    """Write rows, each at its own time or at one of so many moments; newest first, as the contract sorts them."""
    shuffled = sorted(range(len(facts)), key=lambda _: fresh.number(0, 10**9))
    rows: list[Row] = []
    for n, fact in enumerate(facts):
        place = n % moments if moments else shuffled[n]
        rows.append({"id": n + 1, **fact, "created_at": stamp(START + timedelta(minutes=place))})
    columns = COLUMNS[table]
    sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    database.execute_many(sql, [tuple(row[name] for name in columns) for row in rows])
    return sorted(rows, key=lambda row: (row["created_at"], row["id"]), reverse=True)


def stamp(moment: datetime) -> str:
    """A time as most services write it into a text column: with six digits, so that it is the same text both ways."""
    return moment.isoformat(" ", "microseconds")


def damage(database: Any, table: str, rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Put a byte that is no UTF-8 behind these columns. SQLite sorts and counts such a row; no driver can load it."""
    for name in columns:
        sql = f"UPDATE {table} SET {name} = CAST(CAST({name} AS BLOB) || x'ff' AS TEXT) WHERE id = ?"  # noqa: S608
        database.execute_many(sql, [(row["id"],) for row in rows])


# Asking


def url(path: str, **query: Any) -> str:
    """The path with a query, escaped as a client would."""
    return f"{path}?{urlencode(query, quote_via=quote)}" if query else path


def get_page(service: ServiceUnderTest, path: str, **query: Any) -> Row:
    """A page, with every member of the envelope there and of its type."""
    answer = service.get(url(path, **query))
    if answer.status != 200:
        raise CheckFailed(why_no_page(answer, query), expected="200 OK\nand a page", got=answer)
    page = answer.json
    if isinstance(page, list):
        raise CheckFailed(
            "The answer is a bare list: the rows belong into `items` of an envelope.",
            expected="an envelope",
            got=answer,
        )
    missing = [name for name in ("items", *ENVELOPE) if not isinstance(page, dict) or name not in page]
    if missing:
        raise CheckFailed(
            f"The envelope lacks {', '.join(f'`{name}`' for name in missing)}. The names count, underscores included.",
            expected="items, total, page, page_size and total_pages",
            got=answer,
        )
    wrong = [name for name in ENVELOPE if type(page[name]) is not int]
    if wrong or not isinstance(page["items"], list):
        raise CheckFailed(
            f"`{(wrong or ['items'])[0]}` has the wrong type: `items` is a list, the others are whole numbers. "
            "`/` makes a float even where it divides exactly.",
            expected="whole numbers, and a list",
            got=answer,
        )
    return dict(page)


def get_feed(service: ServiceUnderTest, **query: Any) -> Row:
    """A page of the feed, with both members."""
    answer = service.get(url("/orders/feed", **query))
    if answer.status != 200:
        raise CheckFailed(why_no_feed(answer, query), expected="200 OK\nand a page of the feed", got=answer)
    page = answer.json
    if not isinstance(page, dict) or not isinstance(page.get("items"), list) or "next_cursor" not in page:
        raise CheckFailed(
            "A page of the feed is an object with `items` and `next_cursor`, which is there even when it is `null`.",
            expected='{"items": […], "next_cursor": …}',
            got=answer,
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
            f"{len(page['items'])} orders where {limit} were asked for. The one more that tells whether something follows is not shown.",
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
    """Follow next_cursor to its end; the ids in the order in which they came."""
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
        "The feed does not end: whoever follows `next_cursor` goes round, or on for ever. It is `null` when nothing follows, and moves "
        "on with every page.",
        expected=f"null after at most {most} pages",
        got=f"{page['next_cursor']}\nafter these ids: {seen[:60]}",
    )


def ids(items: list[Any]) -> list[Any]:
    """The ids of the rows on a page."""
    return [item["id"] for item in items]


def listing(numbers: Sequence[Any], rows: Sequence[Row]) -> str:
    """Ids as a learner reads them: a line for each moment. Equal for equal ids only."""
    times = {row["id"]: row["created_at"][11:19] for row in rows}
    lines: list[str] = []
    for number in numbers:
        time = times.get(number, "?")
        if lines and lines[-1].startswith(time):
            lines[-1] += f", {number}"
        else:
            lines.append(f"{time:8}  id {number}")
    return "\n".join(lines) or "(no rows)"


def answer_and_page(service: ServiceUnderTest, path: str, query: Row) -> tuple[Answer, Any]:
    """The answer, and its JSON when it is a 200."""
    answer = service.get(url(path, **query))
    return answer, answer.json if answer.status == 200 else None


# Comparing


def assert_refused(service: ServiceUnderTest, path: str, **values: Sequence[str]) -> None:
    """Fail unless each of these values is answered with 422."""
    got, wanted = {}, {}
    for name, tries in values.items():
        for value in tries:
            query = url(path, **{name: value})
            got[query], wanted[query] = service.get(query).status, 422
    assert got == wanted, why_not_refused(got, path)


def assert_let_through(service: ServiceUnderTest, path: str, **query: str) -> None:
    """Fail if this is refused. (What is then answered is another check's business.)"""
    answer = service.get(url(path, **query))
    assert answer.status != 422, (
        "A parameter that the client left out is missed: `page` is 1 and `page_size` 20 then. The default belongs to the parameter, and "
        "`Query` takes it first."
        if re.search(r"missing|required", answer.text)
        else "This value is within the bounds, which are inclusive: `ge` and `le`, not `gt` and `lt`."
    )


def assert_absurd_is_harmless(service: ServiceUnderTest, path: str, **query: str) -> None:
    """Fail unless absurd page numbers get an empty page or a 422."""
    for number in ABSURD:
        answer, page = answer_and_page(service, path, {**query, "page": number, "page_size": 100})
        if answer.status == 422 or (isinstance(page, dict) and page.get("items") == []):
            continue
        raise CheckFailed(why_absurd(answer), expected="422, or 200 with no items", got=answer)


def assert_items(path: str, items: list[Any], wanted: list[Row], rows: list[Row]) -> None:
    """Fail unless these are the wanted rows, in their order, with the contract's members."""
    if any(not isinstance(item, dict) or "id" not in item for item in items):
        raise CheckFailed(
            f"Each item has to be what `GET {path}/{{id}}` answers: an object with an `id`.",
            expected=f"objects with {', '.join(MEMBERS[path])}",
            got=items[:3],
        )
    cause = why_order(ids(items), ids(wanted), rows, 1, len(wanted))
    assert listing(ids(items), rows) == listing(ids(wanted), rows), cause
    names = MEMBERS[path]
    got = [{name: item.get(name) for name in names} for item in items]
    expected = [{name: row[name] for name in names} for row in wanted]
    assert got == expected, "The ids are right, the rows' other members are not: each item shows what its row holds."


def assert_no_hash(service: ServiceUnderTest, rows: list[Row]) -> None:
    """Fail if a password's hash is in the list."""
    text = service.get("/users?page_size=100").text
    leaked = [row["password_hash"] for row in rows if row["password_hash"] in text]
    assert leaked == [], (
        "The list shows `password_hash`: a `response_model` cuts a row down to what is meant to be seen."
    )


def assert_walk(
    service: ServiceUnderTest, path: str, wanted: list[Row], page_size: int, rows: list[Row] | None = None, **query: str
) -> None:
    """Fail unless all pages together are these rows, in order, and each page says how many there are."""
    rows = rows or wanted
    count = -(-len(wanted) // page_size)
    expected = {"total": len(wanted), "total_pages": count}
    miscounted: list[tuple[Row, Row]] = []
    for number in range(1, count + 1):
        page = get_page(service, path, **query, page=number, page_size=page_size)
        here, there = ids(page["items"]), ids(wanted[(number - 1) * page_size : number * page_size])
        if here != there:
            cause = why_filter(page, wanted, rows, query) or why_order(here, there, wanted, number, page_size)
            heading = f"page {number} of {page_size}\n"
            raise CheckFailed(cause, expected=heading + listing(there, rows), got=heading + listing(here, rows))
        got = {"total": page["total"], "total_pages": page["total_pages"]}
        if got != expected:
            miscounted.append((page, got))
    for page, got in miscounted:  # behind all rows: a page may look filtered by chance
        cause = why_filter(page, wanted, rows, query) or why_envelope(got, expected, len(page["items"]))
        raise CheckFailed(cause, expected=expected, got=got)


def assert_undisturbed(service: ServiceUnderTest, path: str, wanted: list[int], **query: Any) -> None:
    """Fail unless this page still is what it was, although rows on other pages can't be loaded."""
    answer, page = answer_and_page(service, path, query)
    if answer.status != 200:
        raise CheckFailed(
            "This page was fine until rows of *other* pages were damaged, so those are loaded, too: the whole table, or everything up to "
            "this page, travels into Python and is cut there. Let the database cut: `LIMIT` with `OFFSET` or a keyset, and `count(*)` for "
            "the total.",
            expected="200 OK\nand the same page as before",
            got=answer,
        )
    assert ids(page["items"]) == wanted, "The page is another one since rows of other pages were damaged."


# Forging


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


# Likely causes


def why_not_refused(got: dict[str, int], path: str) -> str:
    """Why values out of bounds were not answered with 422."""
    wrong = {query: status for query, status in got.items() if status != 422}
    statuses = set(wrong.values())
    query = next(iter(wrong), "")
    if statuses == {400}:
        return "400 is not the contract's status for a value that is refused: it is 422, as FastAPI's own validation answers."
    if statuses & {404, 405}:
        return f"`{query}` got a {wrong[query]}: is the route `{path}` there?"
    if any("page=" in q and status != 422 for q, status in wrong.items()):
        if any(q.endswith("page=0") for q in wrong):
            return "`page=0` is let through. Pages start at 1: `ge=1`. Clamping a wrong number to a right one answers a question that nobody asked."
        return f"`{query}` is not refused with 422: convert and bound the number before it is used, as `Query(1, ge=1)` does."
    if any(int(q.rpartition("=")[2]) > 100 for q in wrong if q.rpartition("=")[2].isdigit()):
        return (
            f"`{query}` is let through: without an upper bound, a page is “download the table” for everybody. `le=100`, and refuse rather "
            "than clamp: who gets less than asked for believes that there is no more."
        )
    return f"`{query}` is let through. `LIMIT 0` is an empty page for ever and `LIMIT -1`, in SQLite, no limit at all: `ge=1`."


def why_absurd(answer: Answer) -> str:
    """Why a page number with many digits is a 500, or brought rows."""
    if answer.status >= 500:
        return (
            "The page number is bounded at one end only: its offset does not fit into the 64 bits of a database's integer, and the driver "
            "raises. Bound `page` as well (`le=`), or answer an empty page without asking for it."
        )
    if answer.status == 200:
        return "A page far beyond the end has items on it: the number is clamped, or the offset has overflowed."
    return "A page number that is too large is refused with 422, or answered with an empty page."


def why_no_page(answer: Answer, query: Row) -> str:
    """Why there is no 200."""
    if answer.status == 404 and query.get("page", 1) != 1:
        return (
            "A page beyond the end is no error: there is nothing on it, which is a fine answer. With a 404, every client that walks a list "
            "that shrinks meanwhile fails."
        )
    if answer.status in (404, 405):
        return f"There is no `{answer.request.path.partition('?')[0]}`, or not with GET."
    if answer.status == 422:
        return "These values are within the bounds and were refused."
    if answer.status >= 500:
        return "The service failed while it made this page."
    return f"A page is answered with 200, and this is {answer.status}."


def why_envelope(got: Row, wanted: Row, shown: int) -> str:
    """Why the numbers around the items are wrong."""
    if got["total"] != wanted["total"]:
        if got["total"] == shown:
            return "`total` is the number of rows on this page: it counts all of them, those on other pages, too. That takes a `count(*)` of its own."
        if got["total"] > wanted["total"]:
            return "`total` is too large: the count sees more rows than the list does, such as the rows of a join or those that the filter leaves out."
        return "`total` is too small: the count sees fewer rows than there are. Does it run on a statement that is already limited, or inside a join?"
    if got.get("page_size", 0) != wanted.get("page_size", 0):
        return "`page_size` is 20 when the client does not ask for another, and the envelope says so, however many rows are on the page."
    if got.get("page", 0) != wanted.get("page", 0):
        return "`page` is 1 when the client does not ask for another: pages are counted from 1."
    if got["total_pages"] == wanted["total_pages"] + 1:
        return "`total_pages` is one too many: `total // page_size + 1` is right except when it divides exactly. Round up: `-(-total // page_size)`."
    return "`total_pages` is `total` divided by `page_size`, rounded up: `-(-total // page_size)`."


def why_total_pages(got: dict[int, int], wanted: dict[int, int], total: int) -> str:
    """Why total_pages is wrong for some sizes."""
    wrong = [size for size in wanted if got[size] != wanted[size]]
    if all(got[size] == wanted[size] + 1 and total % size == 0 for size in wrong):
        return (
            "One page too many where `page_size` divides `total` exactly: `// + 1` is right for all the others, and there it invents an empty page. "
            "Round up: `-(-total // page_size)`."
        )
    if all(got[size] == total // size for size in wrong):
        return "Rounded down: the rows that are left over need a page, too. `-(-total // page_size)` rounds up."
    if all(got[size] == round(total / size) for size in wrong):
        return "`round` rounds to the nearest, and halves to even: the rows that are left over need a page, however few. `-(-total // page_size)` rounds up."
    return (
        "`total_pages` is `total` divided by the `page_size` that was asked for, rounded up: `-(-total // page_size)`."
    )


def why_beyond(got: Row, wanted: Row) -> str:
    """Why a page behind the last is wrong."""
    if got["items"]:
        return (
            "A page beyond the end has rows on it: the number was clamped to the last page, so a client that goes on until a page is empty "
            "never ends."
        )
    if got["total"] != wanted["total"]:
        return (
            "On an empty page `total` is wrong: it comes from the rows of the page (their number, or a `count(*) OVER ()` beside them), and there are none. "
            "Count separately then."
        )
    return "A page beyond the end says what every page says: which one it is, and how many there are."


def why_all_orders(got: Row, wanted: Row, items: list[Any]) -> str:
    """Why the unfiltered list is wrong."""
    statuses = {item.get("status") for item in items if isinstance(item, dict)}
    if got["total"] < wanted["total"] and len(statuses) < 2:
        return (
            "Without `status` in the query all orders are meant, and only some are listed: is there a default, or does `status = NULL` end up in "
            "the `WHERE`, which no row matches?"
        )
    return why_envelope(got, wanted, len(items))


def why_filter(page: Row, wanted: list[Row], rows: list[Row], query: Row) -> str:
    """Why a filtered page is wrong; empty when the filter is not to blame."""
    status = query.get("status")
    if status is None:
        return ""
    strangers = [item for item in page["items"] if item.get("status") != status]
    if strangers:
        return f"There are orders that are not `{status}` on the page: the filter does not reach the statement for the rows."
    if len(page["items"]) < min(page["page_size"], len(wanted) - (page["page"] - 1) * page["page_size"]):
        return (
            "The page is not full, although more orders match: the filter is applied to a page that was cut before. Filter first, in the `WHERE`, then "
            "count and cut."
        )
    if page["total"] == len(rows):
        return "`total` counts all orders, the list shows the filtered ones: the count needs the same `WHERE`. Make both statements from one."
    return ""


def why_order(got: list[Any], wanted: list[Any], rows: list[Row], number: int, page_size: int) -> str:
    """Why the rows of a page are not those that belong on it."""
    listed = ids(rows)
    times = {row["id"]: row["created_at"] for row in rows}
    begin = (number - 1) * page_size
    if len(set(got)) < len(got):
        return (
            "Rows come twice on one page: the rows of a join are paged, so that a user with three orders takes three places. Page over the "
            "users alone, and load what belongs to them afterwards."
        )
    if not got and wanted:
        return "The page is empty, and there are rows that belong on it: does the offset count pages instead of rows, or in steps of another size?"
    if got == listed[begin + page_size : begin + 2 * page_size]:
        return "This is the page after the one that was asked for: pages start at 1, offsets at 0. The offset is `(page - 1) * page_size`."
    if len(got) > page_size:
        return f"{len(got)} rows on a page of {page_size}: `page_size` does not reach the `LIMIT`."
    known = [number for number in got if number in times]
    moments = [times[number] for number in known]
    ascending = sorted(times, key=lambda number: (times[number], number))
    if len(known) == len(got) and got == ascending[begin : begin + page_size]:
        return "Oldest first: the contract says newest first, `created_at` and `id`, both descending."
    if got == sorted(times, reverse=True)[begin : begin + page_size]:
        return "Sorted by `id` alone. Ids are given in the order of inserting, which is not that of `created_at`: rows are imported, copied, back-dated."
    if got == sorted(times)[begin : begin + page_size]:
        return (
            "In the order of the ids, as a table is read when nothing else is asked for: is there an `ORDER BY`? Newest first is `created_at`, then `id`, "
            "both descending."
        )
    if moments == [times[number] for number in wanted]:
        return (
            "Rows with the same `created_at` are in another order than by `id`, descending. Among equals a database answers in any order, another one "
            "for each query if it likes: end every `ORDER BY` with something unique."
        )
    if got and got[0] in listed and got == listed[listed.index(got[0]) :][: len(got)]:
        return (
            f"Page {number} of {page_size} begins after {begin} rows, and this one after {listed.index(got[0])}: the offset is `(page - 1) * page_size`, "
            "and the limit `page_size`."
        )
    if len(known) == len(got) and moments == sorted(moments, reverse=True):
        return "The page is sorted in itself, and the list is not: rows are cut first and sorted then. `ORDER BY` belongs into the statement that has the `LIMIT`."
    if sorted(got) == sorted(wanted):
        return "The right rows in the wrong order: it is `created_at`, then `id`, both descending."
    if len(got) < len(wanted):
        return "There are rows missing on the page: is it cut before all conditions are in the `WHERE`?"
    return "Other rows than belong on this page. The order is `created_at`, then `id`, both descending; the offset `(page - 1) * page_size`."


def why_injected(status: str, got: Row) -> str:
    """Why a filter with quotes in it did not come to an empty page."""
    if "%" in status and got.get("total"):
        return f"`status={status}` was read as a pattern: `LIKE` is for searching, a filter compares with `=`."
    if got["status"] >= 500 or got.get("total"):
        return (
            f"`status={status}` was read as SQL: the value is pasted into the statement. Hand it over as a parameter (`:status`, or "
            "`OrderRow.status == status`), and it stays a value."
        )
    return "A status that no order has makes an empty page, or is refused with 422."


def why_no_feed(answer: Answer, query: Row) -> str:
    """Why the feed is not answered with 200."""
    if answer.status == 422 and not query:
        return "`/orders/feed` got a 422: if `/orders/{id}` is declared before it, `feed` is taken for an id. Routes are tried in their order."
    if answer.status in (404, 405):
        return "There is no `GET /orders/feed`."
    if answer.status == 422 and "cursor" in query:
        return (
            "A cursor that the feed gave out is refused by it. It comes back as it was sent, escaped for the URL: does decoding undo encoding, "
            "for every order?"
        )
    if answer.status >= 500:
        return "The feed failed on a request that is in order."
    return f"A page of the feed is answered with 200, and this is {answer.status}."


def why_feed(seen: list[Any], rows: list[Row], limit: int) -> str:
    """Why following the feed did not show every row once, in order."""
    wanted = ids(rows)
    times = {row["id"]: row["created_at"] for row in rows}
    missing = [number for number in wanted if number not in seen]
    first_seen = list(dict.fromkeys(seen))
    if len(first_seen) < len(seen) and first_seen == wanted:
        return (
            "Orders are shown twice: where a page ends, the next one begins again with the same order or the same moment. Go on *after* the last "
            "one shown, with `<` on the whole sort key, `created_at` and `id`."
        )
    if not missing and len(first_seen) == len(seen):
        return "Every order is there, in the wrong order: `created_at`, then `id`, both descending."
    pair = "A cursor has to hold the key that the feed is sorted by, and compare it as a pair: `(created_at, id) < (…, …)`."
    if [number for number in wanted if number in seen] != seen:
        return f"Orders are missing or shown twice, and the order breaks where a new page begins. {pair} Ids alone are given in another order."
    if seen == wanted[: len(seen)]:
        return (
            "The feed ends too early. Either `next_cursor` is `null` because a page is full, which does not say that nothing follows (ask for one row "
            f"more than you show), or the condition leaves out what follows. {pair}"
        )
    kept = {times[number] for number in seen}
    if all(times[number] in kept for number in missing):
        return (
            "Of the orders with the same `created_at`, those behind the end of a page are never shown: the cursor leaps over them, because it holds the "
            f"time alone, or because both parts have to be smaller. {pair}"
        )
    if len(missing) <= len(rows) // limit:
        return (
            "Orders between two pages are never shown: does the cursor point behind the last one that was shown? With one row more asked for than "
            f"shown, take the key of the last one *shown*. {pair}"
        )
    return (
        f"Many orders are never shown, because the condition leaves them out. {pair} Spelled out, that is `created_at < … OR (created_at = … AND id < …)`: "
        "with `AND` between the two, or with the id alone, rows fall through."
    )


def why_moved(seen: list[int], there: list[int], what: str) -> str:
    """Why a walk lost or repeated rows while the table changed."""
    if len(set(seen)) < len(seen):
        return (
            f"Orders are shown twice when others {what}: the cursor counts how many were shown (an offset by another name), and everything has moved. "
            "It has to say after which key to go on."
        )
    missing = [number for number in there if number not in seen]
    if missing and seen == there[: len(seen)]:
        return (
            "After an order was deleted, nothing more is shown: the cursor names that order, and its time is looked up in a row that is gone. Put the "
            "whole key into the cursor, `created_at` and `id`."
            if what == "go"
            else f"The feed ends early when orders {what}."
        )
    if missing:
        return (
            f"Orders are left out when others {what}: the cursor counts how many were shown (an offset by another name), and everything has moved. "
            "It has to say after which key to go on."
        )
    return f"The order of the feed changes when orders {what}."


def why_forged(answer: Answer) -> str:
    """Why a cursor that is none is not a 422."""
    if answer.status >= 500:
        return (
            "A cursor that nobody gave out made the service fail. It comes from a client: catch what decoding raises, check the type and size of "
            "everything inside, and answer 422."
        )
    if answer.status == 200:
        return (
            "A cursor that is none is taken for no cursor, or for a comparison with nonsense: the client gets the first page again, or some page, and "
            "never learns why. Answer 422."
        )
    return f"A cursor that is none is refused with 422; this is {answer.status}."
