"""Calls that change something: which may be repeated, and with what key, so that nobody pays twice."""

from __future__ import annotations

import pytest

from labs.judge import CheckFailed, ScriptedReply, body_of, calls_to, create_order, pay

from .causes import why_notified
from .steps import PATIENCE, TYPED, shown


@pytest.mark.check(level="easy")
def test_notification_is_sent_once(service, downstream, fresh):
    """A notification is sent once, whatever becomes of it."""
    order = create_order(service, fresh)
    outcomes = {
        "it succeeded": ScriptedReply(),
        "a 503": ScriptedReply(503),
        "a broken connection": ScriptedReply(reset=True),
    }
    got = {}
    for name, reply in outcomes.items():
        before = len(downstream.calls)
        downstream.default = reply
        response = service.post(f"/orders/{order['id']}/notify", deadline=PATIENCE)
        if response.status == 202:  # perhaps sent in the background
            downstream.wait_for_calls(before + 1)
        if response.status == 202 and name != "it succeeded":  # then give it time to be wrong
            downstream.wait_for_calls(before + 2, timeout=0.6)
        got[name] = len(downstream.calls) - before
        assert name != "it succeeded" or response.status == 202, (
            "Downstream took the notification, so the answer is 202."
        )
    assert got == dict.fromkeys(outcomes, 1), why_notified(got)


@pytest.mark.check(level="medium", after="test_two_faults_are_hidden")
def test_payment_keeps_its_key(service, downstream, fresh):
    """A payment is tried again, with the same `Idempotency-Key` in every attempt."""
    order = create_order(service, fresh)
    downstream.script(ScriptedReply(503), ScriptedReply(reset=True), ScriptedReply(204), path="/payments")
    response = pay(service, order, fresh, deadline=PATIENCE)
    calls = calls_to(downstream, "/payments")
    keys = [call.headers.get("idempotency-key") for call in calls]
    if not all(keys):
        raise CheckFailed(
            "`POST /payments` arrived without an `Idempotency-Key`. "
            "Nobody can tell a repeated payment from a second one without it.",
            expected="an `Idempotency-Key` in every call",
            got=keys,
        )
    assert len(calls) > 0, "No payment arrived downstream."
    assert len(set(keys)) <= 1, (
        "Each attempt has a key of its own, so downstream carries out each of them. The key belongs to the operation: "
        "make it before the first attempt, outside of what is repeated."
    )
    assert len(calls) == 3, (
        "With an `Idempotency-Key` a payment may be repeated like a GET: `repeat=True`, three attempts."
    )
    assert (response.status, response.json.get("status")) == (200, "paid"), (
        "The third attempt was accepted, with a 204, so the order is paid: every 2xx takes the payment, "
        "also one without a body."
    )


@pytest.mark.check(level="medium", after="test_payment_keeps_its_key")
def test_redirect_is_no_payment(service, downstream, fresh):
    """A payment that is answered with a redirect was not taken: a 502, and the order stays open."""
    order = create_order(service, fresh)
    downstream.script(ScriptedReply(302, headers={"location": f"/{fresh.token()}"}), path="/payments")
    response = pay(service, order, fresh, deadline=PATIENCE)
    state = service.get(f"/orders/{order['id']}").json.get("status")
    assert (shown(response), state) == ("502 BAD_GATEWAY", "open"), (
        "Downstream answered the payment with a 302, and took none: only a 2xx is a success, not everything below 400. "
        "A client that follows it makes a GET of the POST, and a 200 for that page pays nothing."
    )


@pytest.mark.check(level="hard", after="test_payment_keeps_its_key")
def test_one_key_per_order(service, downstream, fresh):
    """Paying the same order again uses the same key; another order has another."""
    order = create_order(service, fresh)
    other = create_order(service, fresh, user_id=order["user_id"])
    downstream.script(*[ScriptedReply(504)] * 3, path="/payments")
    failed = pay(service, order, fresh, deadline=PATIENCE)
    assert failed.status in TYPED, "Every attempt to pay failed with a 504, so the caller gets an error of that kind."
    state = service.get(f"/orders/{order['id']}").json.get("status")
    assert state == "open", "The payment failed, and the order is no longer open."
    pay(service, order, fresh, deadline=PATIENCE)
    pay(service, other, fresh, deadline=PATIENCE)
    keys = [call.headers.get("idempotency-key") for call in calls_to(downstream, "/payments")]
    assert len(keys) == 5, (
        "Two payments that downstream accepts at once, after one that failed three times, are five calls."
    )
    assert keys[3] == keys[0], (
        "After a 504 nobody knows whether the payment was made. The customer pressed the button again and got a new "
        "key, so the card may be charged twice: make the key from the order, not at random for each request."
    )
    assert keys[4] != keys[0], (
        "Two orders have the same key, so downstream takes the second payment for a repetition of the first and never "
        "makes it."
    )


@pytest.mark.check(level="medium", after="test_payment_keeps_its_key")
def test_callers_key_is_used(service, downstream, fresh):
    """The caller's own `Idempotency-Key` is passed on."""
    order, key = create_order(service, fresh), fresh.token(24)
    downstream.script(ScriptedReply(502), path="/payments")
    pay(service, order, fresh, headers={"Idempotency-Key": key}, deadline=PATIENCE)
    keys = [call.headers.get("idempotency-key") for call in calls_to(downstream, "/payments")]
    assert keys == [key, key], (
        "The caller sent an `Idempotency-Key` and downstream got another one, so the caller's own repetitions are not "
        "recognized. Use `given_key` when there is one."
    )


@pytest.mark.check(level="easy", after="test_payment_keeps_its_key")
def test_calls_say_what_they_are_about(service, downstream, fresh):
    """Downstream learns the order and the amount."""
    order = create_order(service, fresh)
    pay(service, order, fresh, deadline=PATIENCE)
    service.post(f"/orders/{order['id']}/notify")
    downstream.wait_for_calls(2)
    got = [body_of(call, "order_id", "amount") for call in calls_to(downstream, "/payments")[:1]]
    got += [body_of(call, "order_id") for call in calls_to(downstream, "/notifications")[:1]]
    assert got == [{"order_id": order["id"], "amount": order["amount"]}, {"order_id": order["id"]}], (
        "The body of a call is not what the contract says: `order_id` and `amount` for a payment, "
        "`order_id` for a notification."
    )
