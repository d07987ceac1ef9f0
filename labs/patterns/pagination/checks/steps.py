"""Pages as a client asks for them, and what every page has to be: within bounds, complete, in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from labs.judge import CheckFailed, Response, ServiceUnderTest

from .causes import why_absurd, why_envelope, why_filter, why_no_page, why_not_refused, why_order
from .rows import Row, ids, listing

ENVELOPE = ("total", "page", "page_size", "total_pages")
MEMBERS = {"/users": ("id", "name", "email"), "/orders": ("id", "user_id", "item", "amount", "status")}
ABSURD = (2**63, 10**18, 10**30)  # numbers of pages


def url(path: str, **query: Any) -> str:
    """The path with a query, escaped as a client would."""
    return f"{path}?{urlencode(query, quote_via=quote)}" if query else path


def get_page(service: ServiceUnderTest, path: str, **query: Any) -> Row:
    """A page; fails when a member of the envelope is missing, or has another type."""
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
    """Fail unless these items are the wanted rows, in their order, with the contract's members."""
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
    """Fail unless all pages together are the wanted rows, in order, and each page says how many there are.

    `rows` is the whole list, where a filter in the query leaves fewer of them.
    """
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
    """Fail unless this page still has the wanted ids, although rows on other pages can't be loaded."""
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


def response_and_page(service: ServiceUnderTest, path: str, query: Row) -> tuple[Response, Any]:
    """The response, and its JSON when it is a 200."""
    response = service.get(url(path, **query))
    return response, response.json if response.status == 200 else None
