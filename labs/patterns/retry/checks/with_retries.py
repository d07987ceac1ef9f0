"""A policy: what is tried again, how often, and what the log says of it."""

from __future__ import annotations

import pytest

from labs.judge import CheckFailed, Request, ScriptedReply

from .causes import why_not_again, why_not_logged, why_not_three, why_repeated
from .steps import PATIENCE, assert_quote, calls_of, new_item


@pytest.mark.check(level="easy")
def test_two_faults_are_hidden(service, downstream, fresh):
    """Two faults in a row are hidden from the caller."""
    item, price = new_item(fresh), fresh.number(100, 99_999)
    downstream.default = ScriptedReply(json={"price": price})
    downstream.script(ScriptedReply(503), ScriptedReply(503))
    response = service.get(f"/quotes/{item}")
    calls = len(downstream.calls)
    assert calls == 3, why_not_three(calls)
    assert_quote(response, item, price)


@pytest.mark.check(level="easy")
def test_three_attempts(service, downstream, fresh):
    """When every attempt fails, there are three attempts, and then an answer."""
    downstream.default = ScriptedReply(503)
    response = service.get(f"/quotes/{new_item(fresh)}", deadline=PATIENCE)
    calls = len(downstream.calls)
    assert calls == 3, why_not_three(calls)
    assert response.status >= 500, "Nothing came from downstream, and yet the caller is told that all is well."


@pytest.mark.check(level="easy")
def test_final_errors_are_asked_once(service, downstream, fresh):
    """What will be the same the next time is asked once: other 4xx, 500, 501."""
    statuses = (400, 401, 403, 404, 409, 422, 500, 501)
    items = {status: new_item(fresh) for status in statuses}
    for status, item in items.items():
        downstream.script(*[ScriptedReply(status)] * 3, path=f"/quotes/{item}")
    service.together([Request("GET", f"/quotes/{item}", deadline=PATIENCE) for item in items.values()])
    got = {status: len(calls_of(downstream, item)) for status, item in items.items()}
    assert got == dict.fromkeys(statuses, 1), why_repeated(got)


@pytest.mark.check(level="medium", after="test_two_faults_are_hidden")
def test_every_passing_fault_is_tried_again(service, downstream, fresh):
    """A broken connection, a 429, a 502 and a 504 are tried again as a 503 is."""
    price = fresh.number(100, 99_999)
    downstream.default = ScriptedReply(json={"price": price})
    faults = {
        "429": ScriptedReply(429),
        "502": ScriptedReply(502),
        "504": ScriptedReply(504),
        "a broken connection": ScriptedReply(reset=True),
    }
    items = {name: new_item(fresh) for name in faults}
    for name, item in items.items():
        downstream.script(faults[name], path=f"/quotes/{item}")
    responses = service.together([Request("GET", f"/quotes/{item}") for item in items.values()])
    got = {name: len(calls_of(downstream, item)) for name, item in items.items()}
    assert got == dict.fromkeys(faults, 2), why_not_again(got)
    for item, response in zip(items.values(), responses, strict=True):
        assert_quote(response, item, price)


@pytest.mark.check(level="medium", after="test_every_passing_fault_is_tried_again")
def test_each_failed_attempt_is_logged(service, downstream, logs, fresh):
    """Each failed attempt leaves a line in the log, with the correlation id of its request."""
    downstream.default = ScriptedReply(json={"price": 1999})
    smooth, bumpy = fresh.token(20), fresh.token(20)
    service.get(f"/quotes/{new_item(fresh)}", headers={"X-Correlation-ID": smooth})
    downstream.script(ScriptedReply(reset=True), ScriptedReply(503))
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
