"""When to try again: as late as downstream asks for, and otherwise after pauses that grow and differ."""

from __future__ import annotations

import re
import statistics
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest

from labs.judge import CheckFailed, Downstream, Request, Response, ScriptedReply, create_order

from .causes import HARDLY_A_PAUSE, why_no_growth, why_no_third
from .gaps import clear, growth, spread
from .steps import PATIENCE, assert_quote, calls_of, new_item, shown


@pytest.mark.check(level="medium")
def test_retry_after_is_obeyed(service, downstream, logs, fresh):
    """`Retry-After` is obeyed, as seconds and as a date, and others are answered meanwhile."""
    price = fresh.number(100, 99_999)
    downstream.default = ScriptedReply(json={"price": price})
    order = create_order(service, fresh)
    seconds, date = new_item(fresh), new_item(fresh)
    service.get(f"/quotes/{new_item(fresh)}")
    moment = datetime.fromtimestamp(int(time.time() + 1.4), UTC)  # a date has whole seconds: in 0.4 to 1.4 s
    until = time.monotonic() + (moment - datetime.now(UTC)).total_seconds()
    downstream.script(ScriptedReply(429, headers={"Retry-After": "1"}), path=f"/quotes/{seconds}")
    downstream.script(
        ScriptedReply(503, headers={"Retry-After": format_datetime(moment, usegmt=True)}), path=f"/quotes/{date}"
    )
    pending = [service.begin("GET", f"/quotes/{item}", deadline=8.0) for item in (seconds, date)]
    downstream.wait_for_calls(3)
    answered = 0
    while not pending[0].done():
        service.get(f"/orders/{order['id']}", deadline=8.0)
        answered += 1
    responses = [request.result() for request in pending]
    # With a shorter pause there was no time to be in anybody's way.
    assert responses[0].seconds < 0.9 or answered >= 6, (
        "During a pause of one second hardly anybody else was answered, not even those who need nothing from "
        "downstream: something sleeps on the event loop. tenacity sleeps with `time.sleep` unless what it retries is a "
        "coroutine function; use `AsyncRetrying`, `asyncio.sleep` and an `AsyncClient`."
    )
    raised = next((line for line in reversed(logs.lines) if re.match(r"\w+(Error|Exception): ", line)), "")
    gap = first_gap(downstream, seconds, "429 and `Retry-After: 1`", responses[0], raised)
    assert gap >= 0.9, (
        "`Retry-After: 1` was not obeyed: the next attempt came before the second was over. Read the header of the "
        "answer (`told` in `pause`), and wait at least as long as it says."
    )
    assert gap < 2.4, "`Retry-After: 1` means one second. The next attempt came much later."
    first_gap(downstream, date, "503 and a `Retry-After` that is a date", responses[1], raised)
    early = round(until - calls_of(downstream, date)[1].at, 2)
    assert early <= 0.1, (
        f"`Retry-After` was a date and the next attempt came {early} s before it. The header has two forms: digits are "
        "seconds, anything else is a date in GMT (`parsedate_to_datetime`, "
        "from which `datetime.now(UTC)` can be subtracted)."
    )
    for item, response in zip((seconds, date), responses, strict=True):
        assert_quote(response, item, price)


@pytest.mark.check(level="hard", after="test_retry_after_is_obeyed")
def test_long_retry_after_gives_up(service, downstream, fresh):
    """A `Retry-After` that does not fit into the deadline ends the request at once."""
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    long, far = new_item(fresh), new_item(fresh)
    downstream.script(*[ScriptedReply(503, headers={"Retry-After": "60"})] * 3, path=f"/quotes/{long}")
    downstream.script(*[ScriptedReply(429, headers={"Retry-After": later})] * 3, path=f"/quotes/{far}")
    responses = service.together([Request("GET", f"/quotes/{item}", deadline=5.0) for item in (long, far)])
    calls = [len(calls_of(downstream, item)) for item in (long, far)]
    assert calls == [1, 1], (
        "Downstream asked not to be called for a minute (and for an hour), and was called again. When what it asks for "
        "doesn't fit, give up: a shorter pause is not a compromise, it is refused again."
    )
    slowest = max(response.seconds for response in responses)
    assert slowest < 1.2, (
        "The caller waited for a pause that could never end in time. Compare the pause with what is left of the "
        "deadline *before* sleeping: `stop_before_delay(DEADLINE)` in `with_retries`."
    )
    got = [shown(response) for response in responses]
    assert got == ["503 UNAVAILABLE"] * 2, (
        "A 429 or 503 that is not waited for is a 503 for the caller: `answer_for` decides."
    )


@pytest.mark.check(level="hard", after="test_long_retry_after_gives_up", read="Exercise 2: giving up")
def test_caller_is_told_when(service, downstream, fresh):
    """The caller is told when to come back: the 503 carries downstream's `Retry-After`."""
    wait = fresh.number(40, 90)
    downstream.default = ScriptedReply(503, headers={"Retry-After": str(wait)})
    response = service.get(f"/quotes/{new_item(fresh)}", deadline=5.0)
    told = response.header("Retry-After")
    if told is not None and told.isdecimal() and wait - 3 <= int(told) <= wait + 3:
        return
    raise CheckFailed(
        "Downstream said when to come back, and it stayed with you: pass its `Retry-After` on, "
        '`Unavailable(error.response.headers.get("Retry-After"))` in `answer_for`.',
        expected=f"Retry-After: {wait}",
        got=f"Retry-After: {told}" if told else "no Retry-After\n" + str(response),
    )


@pytest.mark.check(level="medium", after="test_retry_after_is_obeyed")
def test_strange_retry_after(service, downstream, fresh):
    """A `Retry-After` that is nonsense, or a time that has passed, is no reason to fail or to wait."""
    price = fresh.number(100, 99_999)
    downstream.default = ScriptedReply(json={"price": price})
    past = format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True)
    items = {value: new_item(fresh) for value in ("soon", "-5", "0", past)}
    for value, item in items.items():
        downstream.script(ScriptedReply(503, headers={"Retry-After": value}), path=f"/quotes/{item}")
    responses = service.together([Request("GET", f"/quotes/{item}", deadline=5.0) for item in items.values()])
    got = {value: response.status for value, response in zip(items, responses, strict=True)}
    assert got == dict.fromkeys(items, 200), (
        "A `Retry-After` that can't be used made the request fail. Headers come from outside: `int()` and "
        "`parsedate_to_datetime` raise for what they can't read, and the time until a date in the past is negative."
    )


@pytest.mark.check(level="medium", after="test_retry_after_is_obeyed")
def test_pauses_grow_and_differ(service, downstream, fresh):
    """Pauses grow from attempt to attempt and differ from request to request."""
    downstream.default = ScriptedReply(json={"price": 1999})
    first: list[float] = []
    second: list[float] = []
    for batch in range(18):
        service.start()  # a budget or a breaker begins anew
        service.together([Request("GET", f"/quotes/{new_item(fresh)}") for _ in range(4)])  # opens connections
        items = [new_item(fresh) for _ in range(4)]
        for item in items:
            downstream.script(ScriptedReply(503), ScriptedReply(503), path=f"/quotes/{item}")
        service.together([Request("GET", f"/quotes/{item}", deadline=PATIENCE) for item in items])
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
            f"Every request pauses for the same time ({mean:.2f} s before the second attempt): those that failed "
            "together come back together. Draw the pause at random around its mean; "
            "`wait_exponential` alone has no jitter.",
            expected="first pauses of 0.03 s and of 0.07 s, say",
            got=f"most first pauses between {low:.3f} and {high:.3f} s",
        )
    if round(growth(first, second), 2) < 1.07:
        raise CheckFailed(
            why_no_growth(first),
            expected="second pauses longer than the first ones",
            got=f"{mean:.3f} s before the second attempt, {statistics.mean(second):.3f} s before the third, on average",
        )


def first_gap(downstream: Downstream, item: str, what: str, response: Response, raised: str) -> float:
    """Seconds between the first two calls for an item. Fails when there was only one, after `what`.

    `response` is what the caller got, `raised` the exception that the log tells of, if any.
    """
    calls = calls_of(downstream, item)
    if len(calls) < 2:
        raise CheckFailed(
            f"After {what} there was a 500 instead of a second attempt: the log says `{raised}`."
            if response.status == 500 and raised
            else (
                f"After {what} there was no second attempt. It fits into the deadline, a random pause of up to 0.15 s "
                "included, so it is waited for, and then tried again."
            ),
            expected="2 calls",
            got=f"{len(calls)} call{'' if len(calls) == 1 else 's'}",
        )
    return round(calls[1].at - calls[0].at, 2)
