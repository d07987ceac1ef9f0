"""Money: a payment is taken once, recorded when it was taken, and holds up nobody while it waits."""

from __future__ import annotations

from typing import Any

import pytest

from labs.judge import (
    CheckFailed,
    Logs,
    Request,
    ScriptedReply,
    begin_payment,
    body_of,
    calls_to,
    card_number,
    pay,
)

from .steps import HOLDS_A_LOCK, PATIENCE, assert_one_key, expect, new_order, order_body, status_of

HOLDS_A_CONNECTION = (
    "While payments wait for downstream, nobody else gets a connection to the database: each of them holds a session "
    "that has read something. Close it (leave its `async with`) before you ask."
)


@pytest.mark.check(level="easy")
def test_paid(service, database, downstream, logs, fresh):
    """A payment reaches downstream with a key, the order is paid in the table and in the log; a second one is a 409."""
    order = new_order(database, fresh)
    response = pay(service, order, fresh)
    expect(response, 200, "Downstream took the payment, so the answer is 200 and the order.")
    assert response.json.get("status") == "paid", "The order that is answered has to be paid."
    assert status_of(database, order) == "paid", "The answer says paid, and the table does not: not committed."
    calls = calls_to(downstream, "/payments")
    asked_for = [body_of(call, "order_id", "amount") for call in calls]
    wanted = [{"order_id": order["id"], "amount": order["amount"]}]
    assert asked_for == wanted, "One payment, for this order and amount."
    assert calls[0].headers.get("idempotency-key"), "A payment has an `Idempotency-Key`."
    expect(pay(service, order, fresh), 409, "The order is paid already: 409.")
    assert len(calls_to(downstream, "/payments")) == 1, "The order was paid already, and downstream was asked again."
    record_of(logs, "order_paid", order, "A payment that went well is an event: `order_paid`.")
    theirs, key = new_order(database, fresh), fresh.token(20)
    response = pay(service, theirs, fresh, headers={"Idempotency-Key": key})
    expect(response, 200, "A caller who brings a key of their own can pay, too.")
    assert calls_to(downstream, "/payments")[-1].headers.get("idempotency-key") == key, (
        "The caller sent an `Idempotency-Key`, and downstream got another one: `given_key` goes first."
    )


@pytest.mark.check(level="easy", after="test_paid")
def test_declined(service, database, downstream, logs, fresh):
    """A declined card is a 402 and `payment_failed` with its stack; nobody is asked, and the order stays open."""
    order = new_order(database, fresh)
    response = service.post(f"/orders/{order['id']}/pay", {"card_number": card_number(fresh, good=False)})
    expect(response, 402, "The card is bad: 402.")
    calls = calls_to(downstream, "/payments")
    assert calls == [], "The card is known to be bad, and downstream was asked all the same."
    assert status_of(database, order) == "open", "The payment was declined, and the order is no longer open."
    record = record_of(logs, "payment_failed", order, "A declined payment is an event: `payment_failed`, at `error`.")
    assert (record.get("status"), "stack" in record) == ("error", True), (
        "`payment_failed` is at `error` and has a `stack`: `log.exception`."
    )


@pytest.mark.check(level="medium", after="test_paid")
def test_failed_payment_leaves_it_open(service, database, downstream, fresh):
    """A payment that fails downstream is a 5xx of theirs, the order stays open, and the next try has the same key."""
    order = new_order(database, fresh)
    downstream.script(*[ScriptedReply(503)] * 3, path="/payments")
    response = pay(service, order, fresh)
    expect(response, 503, "Downstream said 503 three times: that is a 503 for the caller.")
    assert status_of(database, order) == "open", (
        "The payment failed, and the order is not open: it was marked before downstream had agreed."
    )
    expect(pay(service, order, fresh), 200, "Downstream is well again: the order can be paid.")
    assert_one_key(downstream, order)


@pytest.mark.check(level="hard", after="test_paid")
def test_waiting_payments_hold_nothing(service, database, downstream, fresh):
    """While payments wait for downstream, everybody else reads and writes."""
    orders = [new_order(database, fresh) for _ in range(18)]  # a pool has 15
    for held, meanwhile in ((1, "POST"), (len(orders), "GET")):
        if held > 1:
            downstream.default = ScriptedReply(404)  # nothing to record: so many commits at once take SQLite a second
        for _ in range(3):  # on a busy machine payments may give up before the other one had a chance
            downstream.calls.clear()
            downstream.hang()
            paying = [begin_payment(service, order, fresh) for order in orders[:held]]
            downstream.wait_for_calls(held, timeout=0.7)  # where each holds a connection, not all of them come so far
            others = {
                "GET": Request("GET", f"/orders/{orders[0]['id']}", deadline=PATIENCE),
                "POST": Request("POST", "/orders", json=order_body(orders[0]["user_id"], fresh), deadline=PATIENCE),
            }
            response = service.send(others[meanwhile])
            in_between = not any(one.done() for one in paying) or response.seconds < 0.4
            downstream.up()
            for one in paying:
                one.result()
            if in_between and response.status < 300:
                break
            database.execute("UPDATE orders SET status = 'open'")
        else:
            raise CheckFailed(
                HOLDS_A_LOCK if held == 1 else HOLDS_A_CONNECTION,
                expected="an answer while the payments still wait",
                got=f"{response.status} after {response.seconds:.1f} s, when they had ended",
            )
        database.execute("UPDATE orders SET status = 'open'")


@pytest.mark.check(level="hard", after="test_paid")
def test_double_click(service, database, downstream, fresh):
    """Two requests that pay one order at the same time are one payment."""
    order = new_order(database, fresh)
    downstream.hang()
    both = [begin_payment(service, order, fresh) for _ in range(2)]
    downstream.wait_for_calls(2, timeout=0.5)  # only one comes where the second waits for the first
    downstream.up()
    statuses = sorted(one.result().status for one in both)
    if statuses not in ([200, 200], [200, 409]):
        raise CheckFailed(
            "Two payments of one order at once: one is a 200, the other a 200 or a 409. `mark_paid` answers `None` to "
            "the one that comes second: that is neither an order nor a crash.",
            expected="200 and 409 (or 200)",
            got=" and ".join(map(str, statuses)),
        )
    assert status_of(database, order) == "paid", "A payment was answered with 200, and the order is not paid."
    assert_one_key(downstream, order)


def record_of(logs: Logs, event: str, order: dict[str, Any], cause: str) -> dict[str, Any]:
    """The record of this event, which has to name this order. `cause` says why there has to be one."""
    record = logs.wait_for(lambda record: record.get("message") == event, f"`{event}`", cause=cause)
    assert record.get("order_id") == order["id"], f"`{event}` has to say which order: give it the field `order_id`."
    return record
