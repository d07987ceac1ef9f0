"""The storm's audit: whether what was answered fits what is left of it in the tables, downstream and in the log."""

from __future__ import annotations

from typing import Any

from labs.judge import CheckFailed, Logs, pay

from .steps import (
    ROW_OF_A_REFUSED,
    TWO_KEYS,
    assert_found,
    expect,
    keys_by_order,
    put,
    status_of,
)
from .traffic import Storm


def rename_everybody(storm: Storm) -> None:
    """Change every user with all well: whatever an outage has made of the copies is set right by the next change."""
    for user in storm.users:
        user["name"] = storm.fresh.name()
        storm.names[user["id"]].add(user["name"])
        expect(put(storm.service, user), 200, "All is well again, and a user can't be changed.")
        assert_found(
            storm.service,
            user,
            "All is well again, a user is changed, and a read answers an old copy: since the outage nobody drops "
            "copies any more. “Redis is away” must not be remembered.",
        )


def audit_tables(storm: Storm) -> None:
    """Fail unless the tables hold what was answered, and nothing else."""
    audit_new_orders(storm)
    audit_payments(storm)
    for user in storm.users:
        row = storm.database.execute("SELECT name, email FROM users WHERE id = ?", user["id"])[0]
        response = storm.service.get(f"/users/{user['id']}")
        got = (response.json.get("name"), response.json.get("email")) if response.status == 200 else response.status
        assert got == row, (
            "All is well again, and a user is answered with an old copy: a change was not followed by dropping it."
        )


def audit_new_orders(storm: Storm) -> None:
    """Fail unless the orders that were answered with 201 are in the table, and no others are new."""
    answered = {sent.about["item"]: sent.about for sent in storm.sent if sent.kind == "order" and sent.succeeded}
    known = {order["item"] for order in storm.orders}
    rows = {
        item: {"user_id": user_id, "item": item, "amount": amount}
        for user_id, item, amount in storm.database.execute("SELECT user_id, item, amount FROM orders")
        if item not in known
    }
    lost = [item for item in answered if rows.get(item) != answered[item]]
    assert lost == [], (
        "Orders that were answered with 201 are not in the table as they were sent: "
        "something was promised before its commit."
    )
    assert sorted(rows.keys() - answered.keys()) == [], ROW_OF_A_REFUSED


def audit_payments(storm: Storm) -> None:
    """Fail unless those orders are paid, in the table, for which a payment was answered as done."""
    paid = {
        sent.about["id"]
        for sent in storm.sent
        if sent.kind == "pay" and sent.response is not None and sent.response.status in (200, 409)
    }
    for order in storm.orders:
        state = status_of(storm.database, order)
        if order["id"] in paid and state != "paid":
            raise CheckFailed(
                "A payment was answered as done, and the order is not paid in the table.", expected="paid", got=state
            )
        if order["id"] not in paid and state == "paid":
            raise CheckFailed(
                "Every payment of an order failed, and it is paid in the table: "
                "it was recorded before downstream had agreed.",
                expected="open",
                got=state,
            )


def pay_the_rest(storm: Storm) -> None:
    """Fail unless whoever could not pay in the storm can now, and each order has one key."""
    for order in list(storm.unpaid):
        response = pay(storm.service, order, storm.fresh)
        expect(response, 200, "An order whose payment failed in the storm can't be paid now that all is well.")
    twice = [number for number, keys in keys_by_order(storm.downstream).items() if len(keys) > 1]
    assert twice == [], TWO_KEYS


def audit_log(storm: Storm, logs: Logs) -> None:
    """Fail unless support finds each failure, and each new order, under the id that its caller has."""
    by_id: dict[str, list[dict[str, Any]]] = {}
    for record in logs.complete():
        by_id.setdefault(str(record.get("correlation_id")), []).append(record)
    for sent in storm.sent:
        mine = by_id.get(sent.ident, [])
        if sent.response is not None and sent.response.status >= 500:
            if not any("stack" in record for record in mine):
                raise CheckFailed(
                    f"A {sent.response.status} of the storm is not in the log with its stack, under the correlation id "
                    "that its caller was told.",
                    expected=f"a record with {sent.ident} and a stack",
                    got=[record.get("message") for record in mine],
                )
        elif sent.kind == "order" and sent.response is not None and sent.succeeded:
            created = [record.get("order_id") for record in mine if record.get("message") == "order_created"]
            assert created == [sent.response.json["id"]], (
                "`order_created` is missing, or under another request's correlation id."
            )
