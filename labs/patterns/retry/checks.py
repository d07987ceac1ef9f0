"""What a service with a retry policy does, seen from both sides: what its caller gets and what arrives downstream."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest

from labs.judge import Answer, CheckFailed, Received, Reply, Request, create_order

TYPED = {502: "BAD_GATEWAY", 503: "UNAVAILABLE", 504: "TIMEOUT"}


# A policy


@pytest.mark.check("with_retries", level="easy")
def test_two_faults_are_hidden(service, downstream, fresh):
    """Two faults in a row are hidden from the caller."""
    item, price = new_item(fresh), fresh.number(100, 99_999)
    downstream.default = Reply(json={"price": price})
    downstream.script(Reply(503), Reply(503))
    answer = service.get(f"/quotes/{item}")
    calls = len(downstream.calls)
    assert calls == 3, why_not_three(calls)
    assert_quote(answer, item, price)


@pytest.mark.check("with_retries", level="easy")
def test_three_attempts(service, downstream, fresh):
    """When every attempt fails, there are three, and then an answer."""
    downstream.default = Reply(503)
    answer = service.get(f"/quotes/{new_item(fresh)}", deadline=6.0)
    calls = len(downstream.calls)
    assert calls == 3, why_not_three(calls)
    assert answer.status >= 500, "Nothing was got from downstream, and yet the caller is told that all is well."


@pytest.mark.check("with_retries", level="easy")
def test_final_errors_are_asked_once(service, downstream, fresh):
    """What will be the same the next time is asked once: other 4xx, 500, 501."""
    statuses = (400, 401, 403, 404, 409, 422, 500, 501)
    items = {status: new_item(fresh) for status in statuses}
    for status, item in items.items():
        downstream.script(*[Reply(status)] * 3, path=f"/quotes/{item}")
    service.together([Request("GET", f"/quotes/{item}", deadline=6.0) for item in items.values()])
    got = {status: len(calls_of(downstream, item)) for status, item in items.items()}
    assert got == dict.fromkeys(statuses, 1), why_repeated(got)


@pytest.mark.check("with_retries", level="medium", after="test_two_faults_are_hidden")
def test_every_passing_fault_is_tried_again(service, downstream, fresh):
    """A broken connection, a 429, a 502 and a 504 are tried again as a 503 is."""
    price = fresh.number(100, 99_999)
    downstream.default = Reply(json={"price": price})
    faults = {"429": Reply(429), "502": Reply(502), "504": Reply(504), "a broken connection": Reply(reset=True)}
    items = {name: new_item(fresh) for name in faults}
    for name, item in items.items():
        downstream.script(faults[name], path=f"/quotes/{item}")
    answers = service.together([Request("GET", f"/quotes/{item}") for item in items.values()])
    got = {name: len(calls_of(downstream, item)) for name, item in items.items()}
    assert got == dict.fromkeys(faults, 2), why_not_again(got)
    for item, answer in zip(items.values(), answers, strict=True):
        assert_quote(answer, item, price)


@pytest.mark.check("with_retries", level="medium", after="test_every_passing_fault_is_tried_again")
def test_each_failed_attempt_is_logged(service, downstream, logs, fresh):
    """Each failed attempt leaves a line in the log, with the correlation id of its request."""
    downstream.default = Reply(json={"price": 1999})
    smooth, bumpy = fresh.token(20), fresh.token(20)
    service.get(f"/quotes/{new_item(fresh)}", headers={"X-Correlation-ID": smooth})
    downstream.script(Reply(reset=True), Reply(503))
    service.get(f"/quotes/{new_item(fresh)}", headers={"X-Correlation-ID": bumpy})
    service.stop()  # completes the log
    usual = sum(smooth in line for line in logs.lines)
    more = sum(bumpy in line for line in logs.lines) - usual
    if more < 2:
        raise CheckFailed(
            why_not_logged(more, logs.lines),
            expected=f"2 lines more with [{bumpy}] than a request without faults has ({usual})",
            got=f"{max(more, 0)} more\n" + "\n".join(logs.lines[-8:]),
        )


# Giving up


@pytest.mark.check("answer_for", level="easy")
def test_last_error_decides(service, downstream, fresh):
    """The last error decides what the caller gets: 502, 503 or 504, a 404 for a 404, and the code that belongs to it."""
    # Before `answer_for` is written the service makes a 502 of everything but this, so that exercise 1 can be judged.
    downstream.script(Reply(body=b"<html>"))
    service.get(f"/quotes/{new_item(fresh)}")
    broken = Reply(reset=True)
    cases = {
        "503, 504, 502": ([Reply(503), Reply(504), Reply(502)], 502),
        "504, 502, a broken connection": ([Reply(504), Reply(502), broken], 503),
        "a broken connection, 503, 504": ([broken, Reply(503), Reply(504)], 504),
        "404": ([Reply(404)], 404),
        "403": ([Reply(403)], 502),
        "500": ([Reply(500)], 502),
    }
    items = {name: new_item(fresh) for name in cases}
    for name, (replies, _) in cases.items():
        downstream.script(*replies, path=f"/quotes/{items[name]}")
    answers = service.together([Request("GET", f"/quotes/{item}", deadline=6.0) for item in items.values()])
    got = {name: shown(answer) for name, answer in zip(cases, answers, strict=True)}
    wanted = {name: f"{status} {TYPED.get(status, 'NOT_FOUND')}" for name, (_, status) in cases.items()}
    assert got == wanted, why_other_error(got, wanted)


@pytest.mark.check("answer_for", level="easy", after="test_last_error_decides")
def test_closed_port(service, fresh):
    """When nobody listens downstream, the caller gets 503."""
    with closed_port() as url:
        service.start(DOWNSTREAM_URL=url)
        answer = service.get(f"/quotes/{new_item(fresh)}", deadline=6.0)
        assert shown(answer) == "503 UNAVAILABLE", (
            "`httpx.ConnectError` came out in another form. It is an `httpx.TransportError`, as every error is for which there is "
            "no answer: treat the family, not one member."
        )


@pytest.mark.check("answer_for", level="medium", after="test_last_error_decides")
def test_nonsense_is_a_bad_gateway(service, downstream, fresh):
    """A 200 with nonsense in it is a 502, and is asked once."""
    nonsense = {
        "HTML": Reply(body=f"<html>{fresh.token()}</html>".encode(), headers={"content-type": "text/html"}),
        "no price": Reply(json={"cost": fresh.number(1, 999)}),
        "a list": Reply(json=[fresh.number(1, 999)]),
        "a price in words": Reply(json={"price": fresh.token()}),
    }
    items = {name: new_item(fresh) for name in nonsense}
    for name, item in items.items():
        downstream.script(*[nonsense[name]] * 3, path=f"/quotes/{item}")
    answers = service.together([Request("GET", f"/quotes/{item}", deadline=6.0) for item in items.values()])
    counts = {name: len(calls_of(downstream, item)) for name, item in items.items()}
    assert counts == dict.fromkeys(nonsense, 1), (
        "A body that can't be read was asked for again. It is a bug on one of the two sides and will be there the next time: "
        "retry faults of the network, and name the exceptions (`is_transient`)."
    )
    got = {name: shown(answer) for name, answer in zip(nonsense, answers, strict=True)}
    assert got == dict.fromkeys(nonsense, "502 BAD_GATEWAY"), (
        "A 200 that makes no sense is downstream's error, not yours and not the caller's: `answer_for` has to return a "
        "`BadGateway` for every error that it doesn't know, `ValueError`, `KeyError` and `TypeError` included."
    )


@pytest.mark.check("answer_for", level="medium", after="test_last_error_decides")
def test_nothing_internal_gets_out(service, downstream, fresh):
    """The caller reads neither downstream's words nor its address, nor the names of your libraries."""
    secret = fresh.secret()
    downstream.default = Reply(500, json={"detail": secret})
    text = service.get(f"/quotes/{new_item(fresh)}").text
    inside = (secret, downstream.url.rpartition(":")[2], "httpx", "tenacity", "Traceback", "Internal Server Error")
    found = [word for word in inside if word in text]
    assert found == [], (
        "The text of the error went out to the caller: `str(error)` of httpx has the address in it, and downstream's body is "
        "downstream's. A constant sentence will do; the log is the place for the rest."
    )


@pytest.mark.check("answer_for", level="hard", after="test_last_error_decides")
def test_everything_in_time(service, downstream, fresh):
    """A downstream that hangs is tried again, and costs the caller 3 s at most: then there is a 504."""
    price = fresh.number(100, 99_999)
    downstream.default = Reply(json={"price": price})
    dead, once, last = new_item(fresh), new_item(fresh), new_item(fresh)
    hangs, drips = Reply(delay=8.0), Reply(json={"price": price}, drip=0.7)
    downstream.script(hangs, drips, hangs, hangs, hangs, path=f"/quotes/{dead}")
    downstream.script(hangs, path=f"/quotes/{once}")
    downstream.script(Reply(503), Reply(503), hangs, path=f"/quotes/{last}")
    service.get(f"/quotes/{new_item(fresh)}")  # what the first request costs is not the subject
    passing = service.begin("GET", f"/quotes/{once}", deadline=5.0)
    timed_out = service.begin("GET", f"/quotes/{last}", deadline=5.0)
    try:
        answer = service.get(f"/quotes/{dead}", deadline=5.0)
    except CheckFailed:
        answer = None
    seconds = answer.seconds if answer else 5.0
    assert seconds < 3.5, (
        "The whole takes longer than 3 s when downstream hangs, or sends its answer byte by byte. httpx's time-outs are for each step "
        "of each attempt, and each byte is a step. One deadline has to go around all: `async with asyncio.timeout(DEADLINE)` in "
        "`with_retries`."
    )
    assert answer is not None
    got = {"the deadline": shown(answer), "httpx's time-out of the third attempt": shown(timed_out.result())}
    assert got == dict.fromkeys(got, "504 TIMEOUT"), (
        "A time-out has to become a 504. It comes in two forms: `httpx.TimeoutException` from an attempt and Python's "
        "`TimeoutError` from `asyncio.timeout`; `answer_for` has to know both, before it asks for `httpx.TransportError`."
    )
    calls = len(calls_of(downstream, dead))
    assert calls <= 3, "There were more than three attempts."
    try:
        assert_quote(passing.result(), once, price)
    except CheckFailed:
        raise CheckFailed(
            "An attempt that timed out was not tried again although the next one would have been answered at once. Time-outs are "
            "transient, too (`httpx.TimeoutException` is a `TransportError`), and one attempt must not use up the whole deadline.",
            expected=f"200, the price {price}",
            got=f"{len(calls_of(downstream, once))} calls, and no such answer",
        ) from None


# When


@pytest.mark.check("pause", level="medium")
def test_retry_after_is_obeyed(service, downstream, logs, fresh):
    """`Retry-After` is obeyed, as seconds and as a date, and others are answered meanwhile."""
    price = fresh.number(100, 99_999)
    downstream.default = Reply(json={"price": price})
    order = create_order(service, fresh)
    seconds, date = new_item(fresh), new_item(fresh)
    service.get(f"/quotes/{new_item(fresh)}")
    moment = datetime.fromtimestamp(int(time.time() + 1.4), UTC)  # a date has whole seconds: in 0.4 to 1.4 s
    until = time.monotonic() + (moment - datetime.now(UTC)).total_seconds()
    downstream.script(Reply(429, headers={"Retry-After": "1"}), path=f"/quotes/{seconds}")
    downstream.script(Reply(503, headers={"Retry-After": format_datetime(moment, usegmt=True)}), path=f"/quotes/{date}")
    pending = [service.begin("GET", f"/quotes/{item}", deadline=8.0) for item in (seconds, date)]
    downstream.wait_for_calls(3)
    answered = 0
    while not pending[0].done():
        service.get(f"/orders/{order['id']}", deadline=8.0)
        answered += 1
    answers = [request.result() for request in pending]
    # With a shorter pause there was no time to be in anybody's way.
    assert answers[0].seconds < 0.9 or answered >= 6, (
        "During a pause of one second hardly anybody else was answered, not even those who need nothing from downstream: something sleeps "
        "on the event loop. tenacity sleeps with `time.sleep` unless what it retries is a coroutine function; use `AsyncRetrying`, "
        "`asyncio.sleep` and an `AsyncClient`."
    )
    raised = next((line for line in reversed(logs.lines) if re.match(r"\w+(Error|Exception): ", line)), "")
    gap = first_gap(downstream, seconds, "429 and `Retry-After: 1`", answers[0], raised)
    assert gap >= 0.9, (
        "`Retry-After: 1` was not obeyed: the next attempt came before the second was over. Read the header of the answer "
        "(`told` in `pause`), and wait at least as long as it says."
    )
    assert gap < 2.4, "`Retry-After: 1` means one second. The next attempt came much later."
    first_gap(downstream, date, "503 and a `Retry-After` that is a date", answers[1], raised)
    early = round(until - calls_of(downstream, date)[1].at, 2)
    assert early <= 0.1, (
        f"`Retry-After` was a date and the next attempt came {early} s before it. The header has two forms: digits are seconds, "
        "anything else is a date in GMT (`parsedate_to_datetime`, from which `datetime.now(UTC)` can be subtracted)."
    )
    for item, answer in zip((seconds, date), answers, strict=True):
        assert_quote(answer, item, price)


@pytest.mark.check("pause", level="hard", after="test_retry_after_is_obeyed")
def test_long_retry_after_gives_up(service, downstream, fresh):
    """A `Retry-After` that does not fit into the deadline ends it at once."""
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    long, far = new_item(fresh), new_item(fresh)
    downstream.script(*[Reply(503, headers={"Retry-After": "60"})] * 3, path=f"/quotes/{long}")
    downstream.script(*[Reply(429, headers={"Retry-After": later})] * 3, path=f"/quotes/{far}")
    answers = service.together([Request("GET", f"/quotes/{item}", deadline=5.0) for item in (long, far)])
    calls = [len(calls_of(downstream, item)) for item in (long, far)]
    assert calls == [1, 1], (
        "Downstream asked not to be called for a minute (and for an hour), and was called again. When what it asks for doesn't fit, "
        "give up: a shorter pause is not a compromise, it is refused again."
    )
    slowest = max(answer.seconds for answer in answers)
    assert slowest < 1.2, (
        "The caller waited for a pause that could never end in time. Compare the pause with what is left of the deadline *before* "
        "sleeping: `stop_before_delay(DEADLINE)` in `with_retries`."
    )
    got = [shown(answer) for answer in answers]
    assert got == ["503 UNAVAILABLE"] * 2, (
        "A 429 or 503 that is not waited for is a 503 for the caller: `answer_for` decides."
    )


@pytest.mark.check("pause", level="hard", after="test_long_retry_after_gives_up", read="Exercise 2: giving up")
def test_caller_is_told_when(service, downstream, fresh):
    """The caller is told when to come back: the 503 carries downstream's `Retry-After`."""
    wait = fresh.number(40, 90)
    downstream.default = Reply(503, headers={"Retry-After": str(wait)})
    answer = service.get(f"/quotes/{new_item(fresh)}", deadline=5.0)
    told = answer.header("Retry-After")
    if told is not None and told.isdecimal() and wait - 3 <= int(told) <= wait + 3:
        return
    raise CheckFailed(
        "Downstream said when to come back, and it stayed with you: pass its `Retry-After` on, "
        '`Unavailable(error.response.headers.get("Retry-After"))` in `answer_for`.',
        expected=f"Retry-After: {wait}",
        got=f"Retry-After: {told}" if told else "no Retry-After\n" + str(answer),
    )


@pytest.mark.check("pause", level="medium", after="test_retry_after_is_obeyed")
def test_strange_retry_after(service, downstream, fresh):
    """A `Retry-After` that is nonsense, or over already, is no reason to fail or to wait."""
    price = fresh.number(100, 99_999)
    downstream.default = Reply(json={"price": price})
    past = format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True)
    items = {value: new_item(fresh) for value in ("soon", "-5", "0", past)}
    for value, item in items.items():
        downstream.script(Reply(503, headers={"Retry-After": value}), path=f"/quotes/{item}")
    answers = service.together([Request("GET", f"/quotes/{item}", deadline=5.0) for item in items.values()])
    got = {value: answer.status for value, answer in zip(items, answers, strict=True)}
    assert got == dict.fromkeys(items, 200), (
        "A `Retry-After` that can't be used made the request fail. Headers come from outside: "
        "`int()` and `parsedate_to_datetime` raise for what they can't read, and the time until a date in the past is negative."
    )


@pytest.mark.check("pause", level="medium", after="test_retry_after_is_obeyed")
def test_pauses_grow_and_differ(service, downstream, fresh):
    """Pauses grow from attempt to attempt and differ from request to request."""
    downstream.default = Reply(json={"price": 1999})
    first: list[float] = []
    second: list[float] = []
    for batch in range(18):
        service.start()  # a budget or a breaker begins anew
        service.together([Request("GET", f"/quotes/{new_item(fresh)}") for _ in range(4)])  # opens connections
        items = [new_item(fresh) for _ in range(4)]
        for item in items:
            downstream.script(Reply(503), Reply(503), path=f"/quotes/{item}")
        service.together([Request("GET", f"/quotes/{item}", deadline=6.0) for item in items])
        for item in items:
            gaps = [later.at - earlier.at for earlier, later in pairwise(calls_of(downstream, item))]
            first += gaps[:1]
            second += gaps[1:2]
        # What chance or a busy machine hides in sixteen pauses comes out in seventy-two.
        if batch >= 3 and (len(second) < 12 or clear(first, second)):
            break
    mean = statistics.mean(first) if first else 0.0
    if len(second) < 12:
        raise CheckFailed(
            why_no_third(mean), expected="3 calls for each request", got=f"{len(second)} requests of 16 made them"
        )
    assert round(mean, 3) >= 0.03, HARDLY_A_PAUSE
    if round(spread(first), 2) < 0.11:
        low, high = sorted(first)[len(first) // 8], sorted(first)[-len(first) // 8]
        raise CheckFailed(
            f"Every request pauses for the same time ({mean:.2f} s before the second attempt): those that failed together come back together. "
            "Draw the pause at random around its mean; `wait_exponential` alone has no jitter.",
            expected="first pauses of 0.03 s and of 0.07 s, say",
            got=f"most first pauses between {low:.3f} and {high:.3f} s",
        )
    if round(growth(first, second), 2) < 1.07:
        raise CheckFailed(
            why_no_growth(first),
            expected="second pauses longer than the first ones",
            got=f"{mean:.3f} s before the second attempt, {statistics.mean(second):.3f} s before the third, on average",
        )


# Calls that change something


@pytest.mark.check("posts", level="easy")
def test_notification_is_sent_once(service, downstream, fresh):
    """A notification is sent once, whatever becomes of it."""
    order = create_order(service, fresh)
    outcomes = {"it succeeded": Reply(), "a 503": Reply(503), "a broken connection": Reply(reset=True)}
    got = {}
    for name, reply in outcomes.items():
        before = len(downstream.calls)
        downstream.default = reply
        answer = service.post(f"/orders/{order['id']}/notify", deadline=6.0)
        if answer.status == 202:  # perhaps sent in the background
            downstream.wait_for_calls(before + 1)
        if answer.status == 202 and name != "it succeeded":  # then give it time to be wrong
            downstream.wait_for_calls(before + 2, timeout=0.6)
        got[name] = len(downstream.calls) - before
        assert name != "it succeeded" or answer.status == 202, "Downstream took the notification, so the answer is 202."
    assert got == dict.fromkeys(outcomes, 1), why_notified(got)


@pytest.mark.check("posts", level="medium", after="test_two_faults_are_hidden")
def test_payment_keeps_its_key(service, downstream, fresh):
    """A payment is tried again, with the same `Idempotency-Key` in every attempt."""
    order = create_order(service, fresh)
    downstream.script(Reply(503), Reply(reset=True), Reply(204), path="/payments")
    answer = pay(service, order, fresh)
    calls = payments(downstream)
    keys = [call.headers.get("idempotency-key") for call in calls]
    if not all(keys):
        raise CheckFailed(
            "`POST /payments` arrived without an `Idempotency-Key`. Nobody can tell a repeated payment from a second one without it.",
            expected="an `Idempotency-Key` in every call",
            got=keys,
        )
    assert len(calls) > 0, "No payment arrived downstream."
    assert len(set(keys)) <= 1, (
        "Each attempt has a key of its own, so downstream carries out each of them. The key belongs to the operation: make it "
        "before the first attempt, outside of what is repeated."
    )
    assert len(calls) == 3, (
        "With an `Idempotency-Key` a payment may be repeated like a GET: `repeat=True`, three attempts."
    )
    assert (answer.status, answer.json.get("status")) == (200, "paid"), (
        "The third attempt was accepted, with a 204, so the order is paid: every 2xx takes the payment, also one without a body."
    )


@pytest.mark.check("posts", level="medium", after="test_payment_keeps_its_key")
def test_redirect_is_no_payment(service, downstream, fresh):
    """A payment that is answered with a redirect was not taken: a 502, and the order stays open."""
    order = create_order(service, fresh)
    downstream.script(Reply(302, headers={"location": f"/{fresh.token()}"}), path="/payments")
    answer = pay(service, order, fresh)
    state = service.get(f"/orders/{order['id']}").json.get("status")
    assert (shown(answer), state) == ("502 BAD_GATEWAY", "open"), (
        "Downstream answered the payment with a 302, and took none: only a 2xx is a success, not everything below 400. A client that follows "
        "it makes a GET of the POST, and a 200 for that page pays nothing."
    )


@pytest.mark.check("posts", level="hard", after="test_payment_keeps_its_key")
def test_one_key_per_order(service, downstream, fresh):
    """Paying the same order again uses the same key; another order has another."""
    order = create_order(service, fresh)
    other = create_order(service, fresh, user_id=order["user_id"])
    downstream.script(*[Reply(504)] * 3, path="/payments")
    failed = pay(service, order, fresh)
    assert failed.status in TYPED, "Every attempt to pay failed with a 504, so the caller gets an error of that kind."
    state = service.get(f"/orders/{order['id']}").json.get("status")
    assert state == "open", "The payment failed, and the order is no longer open."
    pay(service, order, fresh)
    pay(service, other, fresh)
    keys = [call.headers.get("idempotency-key") for call in payments(downstream)]
    assert len(keys) == 5, (
        "Two payments that downstream accepts at once, after one that failed three times, are five calls."
    )
    assert keys[3] == keys[0], (
        "After a 504 nobody knows whether the payment was made. The customer pressed the button again and got a new key, so the "
        "card may be charged twice: make the key from the order, not at random for each request."
    )
    assert keys[4] != keys[0], (
        "Two orders have the same key, so downstream takes the second payment for a repetition of the first and never makes it."
    )


@pytest.mark.check("posts", level="medium", after="test_payment_keeps_its_key")
def test_callers_key_is_used(service, downstream, fresh):
    """The caller's own `Idempotency-Key` is passed on."""
    order, key = create_order(service, fresh), fresh.token(24)
    downstream.script(Reply(502), path="/payments")
    pay(service, order, fresh, {"Idempotency-Key": key})
    keys = [call.headers.get("idempotency-key") for call in payments(downstream)]
    assert keys == [key, key], (
        "The caller sent an `Idempotency-Key` and downstream got another one, so the caller's own repetitions are not recognized. "
        "Use `given_key` when there is one."
    )


@pytest.mark.check("posts", level="easy", after="test_payment_keeps_its_key")
def test_calls_say_what_they_are_about(service, downstream, fresh):
    """Downstream learns the order and the amount."""
    order = create_order(service, fresh)
    pay(service, order, fresh)
    service.post(f"/orders/{order['id']}/notify")
    downstream.wait_for_calls(2)
    got = [body_of(call) for call in downstream.calls if call.path in ("/payments", "/notifications")]
    wanted = [{"order_id": order["id"], "amount": order["amount"]}, {"order_id": order["id"]}]
    assert [
        {name: value for name, value in body.items() if name in want} for body, want in zip(got, wanted, strict=False)
    ] == wanted, (
        "The body of a call is not what the contract says: `order_id` and `amount` for a payment, `order_id` for a notification."
    )


# An outage


@pytest.mark.check(
    "retry_budget", level="expert", after=("test_two_faults_are_hidden", "test_last_error_decides"), points=2
)
def test_outage_is_not_multiplied(service, downstream, fresh):
    """In an outage, sixty requests cause fewer than a hundred and twenty calls."""
    service.get(f"/quotes/{new_item(fresh)}")
    downstream.calls.clear()
    statuses = outage(service, downstream, fresh, waves=3, size=20)
    strange = sorted(status for status in statuses if status not in TYPED)
    assert strange == [], (
        "In an outage every request is answered with 502, 503 or 504, those that were not tried again included."
    )
    calls = len(downstream.calls)
    assert calls < 120, why_multiplied(calls)


@pytest.mark.check("retry_budget", level="hard", after="test_outage_is_not_multiplied")
def test_quiet_times_save_nothing_up(service, downstream, fresh):
    """After a quiet time an outage is no worse: twenty requests cause fewer than forty calls."""
    downstream.default = Reply(json={"price": 1999})
    for _ in range(3):
        service.together([Request("GET", f"/quotes/{new_item(fresh)}") for _ in range(30)])
    downstream.calls.clear()
    outage(service, downstream, fresh, waves=1, size=20)
    calls = len(downstream.calls)
    assert calls < 40, (
        "Ninety requests without a fault saved up retries, and the outage after them got them all. A quiet week saves "
        "up thousands: the bucket has room for ten tokens, and `earn` must not put in more."
    )


@pytest.mark.check("retry_budget", level="expert", after="test_outage_is_not_multiplied")
def test_recovery(service, downstream, fresh):
    """Two seconds after an outage requests are answered again, and before long single faults are hidden again."""
    outage(service, downstream, fresh, waves=1, size=20)
    price = fresh.number(100, 99_999)
    downstream.default = Reply(json={"price": price})
    downstream.calls.clear()
    began = time.monotonic()
    while (answer := after_outage(service, new_item(fresh))).status != 200 and time.monotonic() - began < 2.3:
        time.sleep(0.05)
    waited = round(time.monotonic() - began, 1)
    assert answer.status == 200, (
        f"Downstream has been well again for {waited} s, and requests still fail. A breaker has to let a call through now and then to "
        "see; a budget must only be asked before a *second* attempt."
    )
    for _ in range(6):
        good = service.together([Request("GET", f"/quotes/{new_item(fresh)}") for _ in range(20)])
        assert [answer.status for answer in good if answer.status != 200] == [], (
            "Downstream is well, and some requests still fail: what the outage left behind has to be forgotten with the first success."
        )
        item = new_item(fresh)
        downstream.script(Reply(503), path=f"/quotes/{item}")
        if after_outage(service, item).status == 200:
            return
    raise CheckFailed(
        "After an outage nothing is tried again any more, not even after 120 requests without a fault: the budget is spent and never "
        "fills up. Each request has to put something in (`earn`), and a retry that is refused must take nothing out (`spend`, which has "
        "to return `True` when it took a token).",
        expected="a single 503 is hidden again",
        got="the caller gets it",
    )


@pytest.mark.check("retry_budget", level="hard", after="test_outage_is_not_multiplied")
def test_single_faults_are_still_hidden(service, downstream, fresh):
    """Eight single faults among sixteen requests are hidden: nobody steps in before ten calls in a row have failed."""
    downstream.default = Reply(json={"price": 1999})
    for _ in range(2):
        items = [new_item(fresh) for _ in range(8)]
        for item in items[:4]:
            downstream.script(Reply(503), path=f"/quotes/{item}")
        answers = service.together([Request("GET", f"/quotes/{item}") for item in items])
        failed = sum(answer.status != 200 for answer in answers)
        assert failed == 0, (
            "A few single faults already ended the retries (or opened the breaker), as if there were an outage. A budget needs a "
            "reserve of about ten; a breaker waits for ten failures in a row."
        )


# Talking to the service


def new_item(fresh) -> str:
    return f"{fresh.choice('anvil', 'kettle', 'lantern', 'needle')}-{fresh.token(8)}"


def calls_of(downstream, item: str) -> list[Received]:
    """The calls that asked for this item, in the order of their arrival."""
    return [call for call in list(downstream.calls) if call.path == f"/quotes/{item}"]


def payments(downstream) -> list[Received]:
    return [call for call in list(downstream.calls) if call.path == "/payments"]


def body_of(call: Received) -> dict:
    try:
        body = json.loads(call.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def pay(service, order, fresh, headers=None) -> Answer:
    card = f"{fresh.number(1000_0000, 9999_9999)}{fresh.number(1000, 9999)}1111"
    return service.post(f"/orders/{order['id']}/pay", {"card_number": card}, headers=headers or {}, deadline=6.0)


def outage(service, downstream, fresh, *, waves: int, size: int) -> list[int]:
    """Waves of requests at once to a downstream that only fails; the statuses that callers got."""
    downstream.default = Reply(503)
    statuses: list[int] = []
    for _ in range(waves):
        requests = [Request("GET", f"/quotes/{new_item(fresh)}", deadline=6.0) for _ in range(size)]
        statuses += [answer.status for answer in service.together(requests)]
    return statuses


def after_outage(service, item: str) -> Answer:
    """A quote, for which there is time enough: what is asked is whether it comes."""
    return service.get(f"/quotes/{item}", deadline=6.0)


@contextlib.contextmanager
def closed_port() -> Iterator[str]:
    """The URL of a port that is taken and refuses connections: nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def shown(answer: Answer) -> str:
    """Status and error code: "503 UNAVAILABLE"."""
    try:
        body = answer.json
    except CheckFailed:
        return str(answer.status)
    return f"{answer.status} {body.get('error')}" if isinstance(body, dict) else str(answer.status)


def assert_quote(answer: Answer, item: str, price: int) -> None:
    """Fail unless the answer is the quote."""
    body = answer.json if answer.status == 200 else None
    got = {name: body.get(name) for name in ("item", "price")} if isinstance(body, dict) else str(answer)
    if got != {"item": item, "price": price}:
        raise CheckFailed(
            "Downstream's answer did not get through: what the attempt that succeeds returns has to be returned.",
            expected={"item": item, "price": price},
            got=got,
        )


def spread(gaps: list[float]) -> float:
    """How far the lower half of the gaps reaches, in parts of their mean: what a busy machine adds is mostly in the upper half."""
    ordered = sorted(gaps)
    return (ordered[len(ordered) // 2] - ordered[len(ordered) // 16]) / statistics.mean(gaps)


def growth(first: list[float], second: list[float]) -> float:
    """How many times longer the second pauses are than the first. Stragglers of a busy machine don't count."""

    def ratio(low: int, high: int) -> float:
        """Of the means of what lies between two twelfths."""
        means = [
            statistics.mean(sorted(gaps)[len(gaps) * low // 12 : len(gaps) * high // 12 + 1])
            for gaps in (first, second)
        ]
        return means[1] / means[0]

    return max(ratio(0, 6), ratio(0, 10), ratio(4, 8))


def clear(first: list[float], second: list[float]) -> bool:
    """Whether there is no doubt about the pauses: far from what fails, or from what passes."""
    if statistics.mean(first) < 0.01:
        return True
    return shortest(first) >= 0.02 and spread(first) >= 0.25 and growth(first, second) >= 1.3


def shortest(gaps: list[float]) -> float:
    """The mean of the shortest quarter: on a busy machine no pause looks like a pause, though not every time."""
    return statistics.mean(sorted(gaps)[: len(gaps) // 4 + 1])


def first_gap(downstream, item: str, what: str, answer: Answer, raised: str) -> float:
    """Seconds between the first two calls for an item. Fails the check when there was only one; `raised` is what the log has."""
    calls = calls_of(downstream, item)
    if len(calls) < 2:
        raise CheckFailed(
            f"After {what} there was a 500 instead of a second attempt: the log says `{raised}`."
            if answer.status == 500 and raised
            else f"After {what} there was no second attempt. It fits into the deadline, a random pause of up to 0.15 s included, so it is "
            "waited for, and then tried again.",
            expected="2 calls",
            got=f"{len(calls)} call{'' if len(calls) == 1 else 's'}",
        )
    return round(calls[1].at - calls[0].at, 2)


# Likely causes


def why_not_three(calls: int) -> str:
    if calls == 0:
        return "No call arrived downstream."
    if calls == 1:
        return (
            "The first failure was the last attempt. A 503 comes to tenacity as an exception only after `raise_for_status()`, and tenacity "
            "has to see the coroutine function itself: a lambda that returns a coroutine never fails."
        )
    if calls == 2:
        return (
            "There were two attempts. `stop_after_attempt` counts the first one, too: three attempts are two retries. Or `may_retry` "
            "said no: a budget begins with a reserve of about ten, a breaker waits for ten failures in a row."
        )
    if calls == 9:
        return "Nine calls: two layers retry, and three attempts of three are nine. Retry in one place."
    return (
        f"{calls} calls for one request. Three attempts are `stop_after_attempt(3)`; without a `stop` tenacity goes on for ever, and a loop "
        "`range(3)` after a first attempt makes four."
    )


def why_repeated(got: dict[int, int]) -> str:
    if not any(got.values()):
        return "No call arrived downstream."
    server = [status for status in (500, 501) if got[status] != 1]
    client = [status for status in got if status < 500 and got[status] != 1]
    if client and server:
        return (
            "Every error is tried again, and the same question gets the same answer. Without `retry=` tenacity repeats every exception: "
            "`is_transient` has to say which statuses may pass by themselves."
        )
    if client:
        return f"{client[0]} was asked more than once. Of the 4xx only 429 passes by itself."
    return (
        f"{server[0]} was asked more than once. It is not a matter of load or of the network: `status >= 500` is too much, the list is 502, 503 "
        "and 504."
    )


def why_not_again(got: dict[str, int]) -> str:
    missing = [name for name, count in got.items() if count < 2]
    if missing == ["a broken connection"]:
        return (
            "A broken connection was not tried again, and nothing is more transient. It is no `HTTPStatusError` but an `httpx.TransportError`: "
            "`NetworkError` alone misses the server that hangs up (`RemoteProtocolError`)."
        )
    if "429" in missing and len(missing) == 1:
        return "429 was not tried again. It is a 4xx, but it says “later”, not “no”."
    if missing:
        return f"Not tried again: {', '.join(missing)}. The list is 429, 502, 503, 504, and everything for which no answer came."
    return "There was another attempt although the one before was answered."


def why_not_logged(more: int, lines: list[str]) -> str:
    if more == 1:
        return (
            "One of the two failed attempts is in the log. Log each of them where it fails, whatever failed: tenacity's `after=` sees "
            "every attempt that may be repeated."
        )
    if any("attempt" in line.lower() or "retry" in line.lower() for line in lines):
        return (
            "The attempts are in the log, but without the correlation id of their request, so nobody can tell whose they were: log "
            "through a logger that adds it (`log.warning(...)`; `print` does not)."
        )
    return (
        "A request that needed three attempts looks in the log like one that needed none. When downstream gets worse, this is where it "
        "shows first: log each failed attempt (tenacity's `after=`)."
    )


def why_other_error(got: dict[str, str], wanted: dict[str, str]) -> str:
    wrong = {name: text for name, text in got.items() if text != wanted[name]}
    if wrong.keys() <= {"403", "500"}:
        return (
            "Another team's 4xx or 500 was handed on as it is, so the caller looks for a mistake in a request that was right. It is a 502: "
            "between you and downstream something is wrong, and the caller can't help it."
        )
    if wrong.keys() <= {"404"}:
        return "Downstream says that there is no such thing, and that is what the caller wants to know: its 404 is a 404 here, too."
    if any(text.startswith("500") for text in wrong.values()):
        return (
            "An error of downstream came out as a 500: nobody caught it. tenacity raises `RetryError` in the end unless it is told "
            "`reraise=True`; and `answer_for` has to return an error for whatever it gets."
        )
    firsts = {name: name[:3] if name[0] == "5" else "503" for name in wanted if "," in name}
    if all(got[name][:3] == status for name, status in firsts.items()):
        return "The first error decided. What was true a moment ago no longer matters: keep the last one (`reraise=True` does)."
    codes = [text for name, text in wrong.items() if text[:3] == wanted[name][:3]]
    if len(codes) == len(wrong):
        return "The status is right, but `error` is not the code that belongs to it: `BAD_GATEWAY`, `UNAVAILABLE`, `TIMEOUT` or `NOT_FOUND`."
    first = next(iter(wrong))
    return f"After {first} the caller has to get {wanted[first]}: look at what `answer_for` makes of that error."


HARDLY_A_PAUSE = (
    "There is hardly a pause before the second attempt, so it meets the same fault as the first. tenacity's default is none; "
    "start with about 0.05 s."
)


def why_no_third(first_pause: float) -> str:
    if first_pause > 0.3:
        return (
            f"The pauses use up the deadline: there are {first_pause:.1f} s before the second attempt, and nothing is left for a third. Begin with "
            "about 0.05 s."
        )
    return "Requests whose first two attempts failed did not come to a third one."


def why_no_growth(first: list[float]) -> str:
    if shortest(first) < 0.03:
        return HARDLY_A_PAUSE
    return (
        "The second pause is not longer than the first: what did not pass within the first pause needs a longer one. Double it for each "
        "attempt (and keep the jitter smaller than what is doubled: `wait_exponential_jitter` adds up to 1 s unless told otherwise)."
    )


def why_notified(got: dict[str, int]) -> str:
    if not any(got.values()):
        return "No notification arrived downstream."
    if max(got.values()) > 1:
        return (
            "The notification was sent more than once. It has no key by which downstream could recognize it, and a call that broke may have "
            "been carried out: each repetition is one more mail to the customer. `repeat=False`."
        )
    return "A notification is one call, no less."


def why_multiplied(calls: int) -> str:
    if calls > 135:  # a retry for each request, and a reserve of ten, are 130; on a busy machine not all 180 are made
        return (
            "Every request of an outage makes three calls: what is struggling gets three times the load. What a request may spend has to depend on "
            "how the others fare: one budget (or breaker) for the whole process, not one per request."
        )
    return (
        "The retries of an outage are fewer than they could be, but still about one for each request. Once the reserve is spent, ten requests "
        "may earn one retry, not ten."
    )
