"""What the checks of several exercises do, and how they look at what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from labs.judge import CheckFailed, Response, ServiceUnderTest

from .causes import why_absurd, why_envelope, why_filter, why_no_page, why_not_refused, why_order
from .reading import Row, ids

ENVELOPE = ("total", "page", "page_size", "total_pages")

MEMBERS = {"/users": ("id", "name", "email"), "/orders": ("id", "user_id", "item", "amount", "status")}

COLUMNS = {
    "users": ("id", "name", "email", "password_hash", "created_at"),
    "orders": ("id", "user_id", "item", "amount", "status", "created_at"),
}

ABSURD = (2**63, 10**18, 10**30)

START = datetime(2026, 3, 1, 9)


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


def url(path: str, **query: Any) -> str:
    """The path with a query, escaped as a client would."""
    return f"{path}?{urlencode(query, quote_via=quote)}" if query else path


def get_page(service: ServiceUnderTest, path: str, **query: Any) -> Row:
    """A page, with every member of the envelope there and of its type."""
    response = service.get(url(path, **query))
    if response.status != 200:
        raise CheckFailed(why_no_page(response, query), expected="200 OK\nand a page", got=response)
    page = response.json
    if isinstance(page, list):
        raise CheckFailed(
            "The answer is a bare list: the rows belong into `items` of an envelope.",
            expected="an envelope",
            got=response,
        )
    missing = [name for name in ("items", *ENVELOPE) if not isinstance(page, dict) or name not in page]
    if missing:
        raise CheckFailed(
            f"The envelope lacks {', '.join(f'`{name}`' for name in missing)}. The names count, underscores included.",
            expected="items, total, page, page_size and total_pages",
            got=response,
        )
    wrong = [name for name in ENVELOPE if type(page[name]) is not int]
    if wrong or not isinstance(page["items"], list):
        raise CheckFailed(
            f"`{(wrong or ['items'])[0]}` has the wrong type: `items` is a list, the others are whole numbers. "
            "`/` makes a float even where it divides exactly.",
            expected="whole numbers, and a list",
            got=response,
        )
    return dict(page)


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


def response_and_page(service: ServiceUnderTest, path: str, query: Row) -> tuple[Response, Any]:
    """The answer, and its JSON when it is a 200."""
    response = service.get(url(path, **query))
    return response, response.json if response.status == 200 else None


def assert_refused(service: ServiceUnderTest, path: str, **values: Sequence[str]) -> None:
    """Fail unless each of these values is answered with 422."""
    got, wanted = {}, {}
    for name, tries in values.items():
        for value in tries:
            query = url(path, **{name: value})
            got[query], wanted[query] = service.get(query).status, 422
    assert got == wanted, why_not_refused(got, path)


def assert_absurd_is_harmless(service: ServiceUnderTest, path: str, **query: str) -> None:
    """Fail unless absurd page numbers get an empty page or a 422."""
    for number in ABSURD:
        response, page = response_and_page(service, path, {**query, "page": number, "page_size": 100})
        if response.status == 422 or (isinstance(page, dict) and page.get("items") == []):
            continue
        raise CheckFailed(why_absurd(response), expected="422, or 200 with no items", got=response)


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
    response, page = response_and_page(service, path, query)
    if response.status != 200:
        raise CheckFailed(
            "This page was fine until rows of *other* pages were damaged, so those are loaded, too: the whole table, "
            "or everything up to this page, travels into Python and is cut there. Let the database cut: `LIMIT` with "
            "`OFFSET` or a keyset, and `count(*)` for the total.",
            expected="200 OK\nand the same page as before",
            got=response,
        )
    assert ids(page["items"]) == wanted, "The page is another one since rows of other pages were damaged."
