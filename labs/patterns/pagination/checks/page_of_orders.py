"""A page of orders: filtered and counted by the database, and in an order without ties."""

from __future__ import annotations

import pytest

from labs.judge import CheckFailed, damage

from .causes import why_all_orders, why_injected
from .rows import add_orders, ids
from .steps import (
    ENVELOPE,
    assert_absurd_is_harmless,
    assert_items,
    assert_refused,
    assert_undisturbed,
    assert_walk,
    get_page,
    url,
)


@pytest.mark.check(level="easy")
def test_all_orders_without_a_filter(service, database, fresh):
    """Without a filter the list is a page of all orders, whatever their status."""
    rows = add_orders(database, fresh, fresh.number(41, 59))
    page = get_page(service, "/orders")
    wanted = {"total": len(rows), "page": 1, "page_size": 20, "total_pages": 3}
    got = {name: page[name] for name in ENVELOPE}
    assert got == wanted, why_all_orders(got, wanted, page["items"])
    assert_items("/orders", page["items"], rows[:20], rows)


@pytest.mark.check(level="medium", after="test_all_orders_without_a_filter")
def test_filter_counts(service, database, fresh):
    """A filter holds for the rows and for total and total_pages, on every page."""
    rows = add_orders(database, fresh, fresh.number(50, 70))
    for status in ("paid", "open"):
        matching = [row for row in rows if row["status"] == status]
        assert_walk(service, "/orders", matching, 7, rows, status=status)


@pytest.mark.check(level="medium", after="test_all_orders_without_a_filter")
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


@pytest.mark.check(level="medium", after="test_filter_counts")
def test_filter_is_data(service, database, fresh):
    """A filter with quotes in it is a status that no order has, not a piece of SQL."""
    add_orders(database, fresh, 12)
    for status in (f"{fresh.token()}' OR '1'='1", "open' --", f"o'{fresh.token()}", 'paid" OR 1=1 --', "%"):
        response = service.get(url("/orders", status=status))
        if response.status == 422:  # a service that knows its statuses by name
            continue
        got = {"status": response.status}
        if response.status == 200 and isinstance(response.json, dict):
            got["total"] = response.json.get("total")
        assert got == {"status": 200, "total": 0}, why_injected(status, got)


@pytest.mark.check(level="easy", after="test_all_orders_without_a_filter")
def test_orders_have_the_same_bounds(service, database, fresh):
    """The bounds hold for orders as well, absurd page numbers included."""
    add_orders(database, fresh, 5)
    assert_refused(service, "/orders", page=("0", "-1", "abc"), page_size=("0", "101", "-1"))
    assert_absurd_is_harmless(service, "/orders")
    assert_absurd_is_harmless(service, "/orders", status="open")


@pytest.mark.check(level="hard", after=("test_order_is_total", "test_filter_counts"))
def test_only_the_page_of_orders_is_loaded(service, database, fresh):
    """A filtered page loads its own rows only: damaged orders on other pages do it no harm."""
    rows = add_orders(database, fresh, 90)
    matching = [row for row in rows if row["status"] == "open"]
    wanted = ids(matching[7:14])
    page = get_page(service, "/orders", status="open", page=2, page_size=7)
    assert ids(page["items"]) == wanted, "The healthy page is wrong already."
    others = [matching[3], matching[17], matching[25], *(row for row in rows if row["status"] == "paid")]
    damage(database, "orders", "item", ids(others))
    assert_undisturbed(service, "/orders", wanted, status="open", page=2, page_size=7)
