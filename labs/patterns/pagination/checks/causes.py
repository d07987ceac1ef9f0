"""Likely causes of what goes wrong with a page: what a failed check tells the learner."""

from __future__ import annotations

from typing import Any

from labs.judge import Response

from .rows import Row, ids


def why_not_refused(got: dict[str, int], path: str) -> str:
    """Why values out of bounds were not answered with 422: `got` has the status of each URL."""
    wrong = {query: status for query, status in got.items() if status != 422}
    statuses = set(wrong.values())
    query = next(iter(wrong), "")
    if statuses == {400}:
        return (
            "400 is not the contract's status for a value that is refused: it is 422, as FastAPI's own validation "
            "answers."
        )
    if statuses & {404, 405}:
        return f"`{query}` got a {wrong[query]}: is the route `{path}` there?"
    if any("page=" in q and status != 422 for q, status in wrong.items()):
        if any(q.endswith("page=0") for q in wrong):
            return (
                "`page=0` is let through. Pages start at 1: `ge=1`. Clamping a wrong number to a right one answers a "
                "question that nobody asked."
            )
        return (
            f"`{query}` is not refused with 422: convert and bound the number before it is used, as `Query(1, ge=1)` "
            "does."
        )
    if any(int(q.rpartition("=")[2]) > 100 for q in wrong if q.rpartition("=")[2].isdigit()):
        return (
            f"`{query}` is let through: without an upper bound, a page is “download the table” for everybody. "
            "`le=100`, and refuse rather than clamp: who gets less than asked for believes that there is no more."
        )
    return (
        f"`{query}` is let through. `LIMIT 0` is an empty page for ever and `LIMIT -1`, in SQLite, no limit at all: "
        "`ge=1`."
    )


def why_absurd(response: Response) -> str:
    """Why a page number with many digits is a 500, or brought rows."""
    if response.status >= 500:
        return (
            "The page number is bounded at one end only: its offset does not fit into the 64 bits of a database's "
            "integer, and the driver raises. Bound `page` as well (`le=`), or answer an empty page without asking for "
            "it."
        )
    if response.status == 200:
        return "A page far beyond the end has items on it: the number is clamped, or the offset has overflowed."
    return "A page number that is too large is refused with 422, or answered with an empty page."


def why_no_page(response: Response, query: Row) -> str:
    """Why a page was not answered with 200."""
    if response.status == 404 and query.get("page", 1) != 1:
        return (
            "A page beyond the end is not an error: there is nothing on it, which is a fine answer. With a 404, every "
            "client that walks a list that shrinks meanwhile fails."
        )
    if response.status in (404, 405):
        return f"There is no `{response.request.path.partition('?')[0]}`, or not with GET."
    if response.status == 422:
        return "These values are within the bounds and were refused."
    if response.status >= 500:
        return "The service failed while it made this page."
    return f"A page is answered with 200, and this is {response.status}."


def why_envelope(got: Row, wanted: Row, shown: int) -> str:
    """Why the numbers around the items are wrong; so many items are on the page."""
    if got["total"] != wanted["total"]:
        if got["total"] == shown:
            return (
                "`total` is the number of rows on this page: it counts all of them, those on other pages, too. That "
                "takes a `count(*)` of its own."
            )
        if got["total"] > wanted["total"]:
            return (
                "`total` is too large: the count sees more rows than the list does, such as the rows of a join or "
                "those that the filter leaves out."
            )
        return (
            "`total` is too small: the count sees fewer rows than there are. Does it run on a statement that is "
            "already limited, or inside a join?"
        )
    if got.get("page_size", 0) != wanted.get("page_size", 0):
        return (
            "`page_size` is 20 when the client does not ask for another, and the envelope says so, however many rows "
            "are on the page."
        )
    if got.get("page", 0) != wanted.get("page", 0):
        return "`page` is 1 when the client does not ask for another: pages are counted from 1."
    if got["total_pages"] == wanted["total_pages"] + 1:
        return (
            "`total_pages` is one too many: `total // page_size + 1` is right except when it divides exactly. Round "
            "up: `-(-total // page_size)`."
        )
    return "`total_pages` is `total` divided by `page_size`, rounded up: `-(-total // page_size)`."


def why_total_pages(got: dict[int, int], wanted: dict[int, int], total: int) -> str:
    """Why `total_pages` is wrong for some sizes of a page: both have a number for each size."""
    wrong = [size for size in wanted if got[size] != wanted[size]]
    if all(got[size] == wanted[size] + 1 and total % size == 0 for size in wrong):
        return (
            "One page too many where `page_size` divides `total` exactly: `// + 1` is right for all the others, and "
            "there it invents an empty page. Round up: `-(-total // page_size)`."
        )
    if all(got[size] == total // size for size in wrong):
        return "Rounded down: the rows that are left over need a page, too. `-(-total // page_size)` rounds up."
    if all(got[size] == round(total / size) for size in wrong):
        return (
            "`round` rounds to the nearest, and halves to even: the rows that are left over need a page, however few. "
            "`-(-total // page_size)` rounds up."
        )
    return (
        "`total_pages` is `total` divided by the `page_size` that was asked for, rounded up: `-(-total // page_size)`."
    )


def why_beyond(got: Row, wanted: Row) -> str:
    """Why a page behind the last is wrong."""
    if got["items"]:
        return (
            "A page beyond the end has rows on it: the number was clamped to the last page, so a client that goes on "
            "until a page is empty never ends."
        )
    if got["total"] != wanted["total"]:
        return (
            "On an empty page `total` is wrong: it comes from the rows of the page (their number, or a `count(*) OVER "
            "()` beside them), and there are none. Count separately then."
        )
    return "A page beyond the end says what every page says: which one it is, and how many there are."


def why_all_orders(got: Row, wanted: Row, items: list[Any]) -> str:
    """Why the envelope of the unfiltered list is wrong."""
    statuses = {item.get("status") for item in items if isinstance(item, dict)}
    if got["total"] < wanted["total"] and len(statuses) < 2:
        return (
            "Without `status` in the query all orders are meant, and only some are listed: is there a default, or "
            "does `status = NULL` end up in the `WHERE`, which no row matches?"
        )
    return why_envelope(got, wanted, len(items))


def why_filter(page: Row, wanted: list[Row], rows: list[Row], query: Row) -> str:
    """Why a page of the wanted rows, filtered from these rows, is wrong; empty when the filter is not to blame."""
    status = query.get("status")
    if status is None:
        return ""
    strangers = [item for item in page["items"] if item.get("status") != status]
    if strangers:
        return (
            f"There are orders that are not `{status}` on the page: the filter does not reach the statement for the "
            "rows."
        )
    if len(page["items"]) < min(page["page_size"], len(wanted) - (page["page"] - 1) * page["page_size"]):
        return (
            "The page is not full, although more orders match: the filter is applied to a page that was cut before. "
            "Filter first, in the `WHERE`, then count and cut."
        )
    if page["total"] == len(rows):
        return (
            "`total` counts all orders, the list shows the filtered ones: the count needs the same `WHERE`. Make both "
            "statements from one."
        )
    return ""


def why_order(got: list[Any], wanted: list[Any], rows: list[Row], number: int, page_size: int) -> str:
    """Why the ids on a page are not the wanted ones; `rows` is the whole list, in its order."""
    listed = ids(rows)
    times = {row["id"]: row["created_at"] for row in rows}
    begin = (number - 1) * page_size
    if len(set(got)) < len(got):
        return (
            "Rows come twice on one page: the rows of a join are paged, so that a user with three orders takes three "
            "places. Page over the users alone, and load what belongs to them afterwards."
        )
    if not got and wanted:
        return (
            "The page is empty, and there are rows that belong on it: does the offset count pages instead of rows, or "
            "in steps of another size?"
        )
    if got == listed[begin + page_size : begin + 2 * page_size]:
        return (
            "This is the page after the one that was asked for: pages start at 1, offsets at 0. The offset is `(page "
            "- 1) * page_size`."
        )
    if len(got) > page_size:
        return f"{len(got)} rows on a page of {page_size}: `page_size` does not reach the `LIMIT`."
    known = [number for number in got if number in times]
    moments = [times[number] for number in known]
    ascending = sorted(times, key=lambda number: (times[number], number))
    if len(known) == len(got) and got == ascending[begin : begin + page_size]:
        return "Oldest first: the contract says newest first, `created_at` and `id`, both descending."
    if got == sorted(times, reverse=True)[begin : begin + page_size]:
        return (
            "Sorted by `id` alone. Ids are given in the order of inserting, which is not that of `created_at`: rows "
            "are imported, copied, back-dated."
        )
    if got == sorted(times)[begin : begin + page_size]:
        return (
            "In the order of the ids, as a table is read when nothing else is asked for: is there an `ORDER BY`? "
            "Newest first is `created_at`, then `id`, both descending."
        )
    if moments == [times[number] for number in wanted]:
        return (
            "Rows with the same `created_at` are in another order than by `id`, descending. Among equals a database "
            "answers in any order, another one for each query if it likes: end every `ORDER BY` with something unique."
        )
    if got and got[0] in listed and got == listed[listed.index(got[0]) :][: len(got)]:
        return (
            f"Page {number} of {page_size} begins after {begin} rows, and this one after {listed.index(got[0])}: the "
            "offset is `(page - 1) * page_size`, and the limit `page_size`."
        )
    if len(known) == len(got) and moments == sorted(moments, reverse=True):
        return (
            "The page is sorted in itself, and the list is not: rows are cut first and sorted then. `ORDER BY` "
            "belongs into the statement that has the `LIMIT`."
        )
    if sorted(got) == sorted(wanted):
        return "The right rows in the wrong order: it is `created_at`, then `id`, both descending."
    if len(got) < len(wanted):
        return "There are rows missing on the page: is it cut before all conditions are in the `WHERE`?"
    return (
        "Other rows than belong on this page. The order is `created_at`, then `id`, both descending; the offset "
        "`(page - 1) * page_size`."
    )


def why_injected(status: str, got: Row) -> str:
    """Why a filter that no order matches did not come to an empty page."""
    if "%" in status and got.get("total"):
        return f"`status={status}` was read as a pattern: `LIKE` is for searching, a filter compares with `=`."
    if got["status"] >= 500 or got.get("total"):
        return (
            f"`status={status}` was read as SQL: the value is pasted into the statement. Hand it over as a parameter "
            "(`:status`, or `OrderRow.status == status`), and it stays a value."
        )
    return "A status that no order has makes an empty page, or is refused with 422."
