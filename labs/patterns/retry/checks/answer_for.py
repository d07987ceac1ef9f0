"""Giving up: what the caller is told when every attempt has failed, and how soon."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest

from labs.judge import CheckFailed, Request, ScriptedReply

from .causes import why_other_error
from .steps import PATIENCE, TYPED, assert_quote, calls_of, new_item, shown


@pytest.mark.check(level="easy")
def test_last_error_decides(service, downstream, fresh):
    """The last error decides what the caller gets: 502, 503 or 504, or 404 for a 404, each with its own code."""
    # Before `answer_for` is written the service makes a 502 of everything but this, so that exercise 1 can be judged.
    downstream.script(ScriptedReply(body=b"<html>"))
    service.get(f"/quotes/{new_item(fresh)}")
    broken = ScriptedReply(reset=True)
    cases = {
        "503, 504, 502": ([ScriptedReply(503), ScriptedReply(504), ScriptedReply(502)], 502),
        "504, 502, a broken connection": ([ScriptedReply(504), ScriptedReply(502), broken], 503),
        "a broken connection, 503, 504": ([broken, ScriptedReply(503), ScriptedReply(504)], 504),
        "404": ([ScriptedReply(404)], 404),
        "403": ([ScriptedReply(403)], 502),
        "500": ([ScriptedReply(500)], 502),
    }
    items = {name: new_item(fresh) for name in cases}
    for name, (replies, _) in cases.items():
        downstream.script(*replies, path=f"/quotes/{items[name]}")
    responses = service.together([Request("GET", f"/quotes/{item}", deadline=PATIENCE) for item in items.values()])
    got = {name: shown(response) for name, response in zip(cases, responses, strict=True)}
    wanted = {name: f"{status} {TYPED.get(status, 'NOT_FOUND')}" for name, (_, status) in cases.items()}
    assert got == wanted, why_other_error(got, wanted)


@pytest.mark.check(level="easy", after="test_last_error_decides")
def test_closed_port(service, fresh):
    """When nobody listens downstream, the caller gets 503."""
    with closed_port() as url:
        service.start(DOWNSTREAM_URL=url)
        response = service.get(f"/quotes/{new_item(fresh)}", deadline=PATIENCE)
        assert shown(response) == "503 UNAVAILABLE", (
            "`httpx.ConnectError` came out in another form. It is an `httpx.TransportError`, as every error is for "
            "which there is no answer: treat the family, not one member."
        )


@pytest.mark.check(level="medium", after="test_last_error_decides")
def test_nonsense_is_a_bad_gateway(service, downstream, fresh):
    """A 200 with nonsense in it is a 502, and is asked for once."""
    nonsense = {
        "HTML": ScriptedReply(body=f"<html>{fresh.token()}</html>".encode(), headers={"content-type": "text/html"}),
        "no price": ScriptedReply(json={"cost": fresh.number(1, 999)}),
        "a list": ScriptedReply(json=[fresh.number(1, 999)]),
        "a price in words": ScriptedReply(json={"price": fresh.token()}),
    }
    items = {name: new_item(fresh) for name in nonsense}
    for name, item in items.items():
        downstream.script(*[nonsense[name]] * 3, path=f"/quotes/{item}")
    responses = service.together([Request("GET", f"/quotes/{item}", deadline=PATIENCE) for item in items.values()])
    counts = {name: len(calls_of(downstream, item)) for name, item in items.items()}
    assert counts == dict.fromkeys(nonsense, 1), (
        "A body that can't be read was asked for again. It is a bug on one of the two sides and will be there the next "
        "time: retry faults of the network, and name the exceptions (`is_transient`)."
    )
    got = {name: shown(response) for name, response in zip(nonsense, responses, strict=True)}
    assert got == dict.fromkeys(nonsense, "502 BAD_GATEWAY"), (
        "A 200 that makes no sense is downstream's error, not yours and not the caller's: `answer_for` has to return a "
        "`BadGateway` for every error that it doesn't know, `ValueError`, `KeyError` and `TypeError` included."
    )


@pytest.mark.check(level="medium", after="test_last_error_decides")
def test_nothing_internal_gets_out(service, downstream, fresh):
    """The caller reads neither downstream's words nor its address, nor the names of your libraries."""
    secret = fresh.secret()
    downstream.default = ScriptedReply(500, json={"detail": secret})
    text = service.get(f"/quotes/{new_item(fresh)}").text
    inside = (secret, downstream.url.rpartition(":")[2], "httpx", "tenacity", "Traceback", "Internal Server Error")
    found = [word for word in inside if word in text]
    assert found == [], (
        "The text of the error went out to the caller: `str(error)` of httpx has the address in it, and downstream's "
        "body is downstream's. A constant sentence will do; the log is the place for the rest."
    )


@pytest.mark.check(level="hard", after="test_last_error_decides")
def test_everything_in_time(service, downstream, fresh):
    """A downstream that hangs is tried again, and costs the caller 3 s at most: then there is a 504."""
    price = fresh.number(100, 99_999)
    downstream.default = ScriptedReply(json={"price": price})
    dead, once, last = new_item(fresh), new_item(fresh), new_item(fresh)
    hangs, drips = ScriptedReply(delay=8.0), ScriptedReply(json={"price": price}, drip=0.7)
    downstream.script(hangs, drips, hangs, hangs, hangs, path=f"/quotes/{dead}")
    downstream.script(hangs, path=f"/quotes/{once}")
    downstream.script(ScriptedReply(503), ScriptedReply(503), hangs, path=f"/quotes/{last}")
    service.get(f"/quotes/{new_item(fresh)}")  # what the first request costs is not the subject
    passing = service.begin("GET", f"/quotes/{once}", deadline=5.0)
    timed_out = service.begin("GET", f"/quotes/{last}", deadline=5.0)
    try:
        response = service.get(f"/quotes/{dead}", deadline=5.0)
    except CheckFailed:
        response = None
    seconds = response.seconds if response else 5.0
    assert seconds < 3.5, (
        "The whole takes longer than 3 s when downstream hangs, or sends its answer byte by byte. httpx's time-outs "
        "are for each step of each attempt, and each byte is a step. One deadline has to go around all: `async with "
        "asyncio.timeout(DEADLINE)` in `with_retries`."
    )
    assert response is not None
    got = {"the deadline": shown(response), "httpx's time-out of the third attempt": shown(timed_out.result())}
    assert got == dict.fromkeys(got, "504 TIMEOUT"), (
        "A time-out has to become a 504. It comes in two forms: `httpx.TimeoutException` from an attempt and Python's "
        "`TimeoutError` from `asyncio.timeout`; `answer_for` has to know both, before it asks for "
        "`httpx.TransportError`."
    )
    calls = len(calls_of(downstream, dead))
    assert calls <= 3, "There were more than three attempts."
    try:
        assert_quote(passing.result(), once, price)
    except CheckFailed:
        raise CheckFailed(
            "An attempt that timed out was not tried again although the next one would have been answered at once. "
            "Time-outs are transient, too (`httpx.TimeoutException` is a `TransportError`), and one attempt must not "
            "use up the whole deadline.",
            expected=f"200, the price {price}",
            got=f"{len(calls_of(downstream, once))} calls, and no such answer",
        ) from None


@contextlib.contextmanager
def closed_port() -> Iterator[str]:
    """The URL of a port that is taken and refuses connections: nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"
