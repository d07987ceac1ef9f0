"""After the answer: a job that a request hands over runs under the id of that request."""

from __future__ import annotations

import pytest

from labs.judge import CheckFailed, Request, create_order

from .causes import HEADER, why_background
from .steps import CROWD, PATIENCE

NOT_DONE = (
    "The work that should follow the answer was not done within 2 s. What you return from `in_this_context` has to be "
    "something that can be called without arguments and awaited, and it has to run the job."
)


@pytest.mark.check(level="medium", after="test_lines_have_the_id")
def test_background_has_the_id(service, logs, fresh):
    """Work after the answer logs under the id of the request that asked for it, not of an earlier one."""
    for round_, given in enumerate((fresh.token(20), fresh.token(20))):
        response = service.get("/drills/background", headers={HEADER: given})
        assert response.status == 202, "`GET /drills/background` answers 202 and works afterwards."
        logs.wait_for(
            lambda record, n=round_: len(logs.having(message="background_done")) > n,
            "`background_done`",
            cause=NOT_DONE,
        )
        record = logs.having(message="background_done")[round_]
        assert record.get("correlation_id") == given, why_background(record)


@pytest.mark.check(level="medium", after=("test_background_has_the_id", "test_call_carries_the_id"))
def test_late_call_carries_the_id(service, downstream, fresh):
    """A call downstream that is made after the answer carries the id."""
    for count in (1, 2):
        order, given = create_order(service, fresh), fresh.token(20)
        response = service.post(f"/orders/{order['id']}/notify", headers={HEADER: given})
        assert response.status == 202, "`POST /orders/{id}/notify` answers 202 and calls downstream afterwards."
        calls = [call for call in downstream.wait_for_calls(count) if call.path == "/notifications"]
        if len(calls) < count:
            raise CheckFailed(NOT_DONE, expected="POST /notifications downstream", got=f"{len(calls)} of {count} calls")
        assert calls[-1].headers.get(HEADER.lower()) == given, (
            "The call that was made after the answer does not carry the id of the request that asked for it: whoever "
            "runs the job has another context. Take the context along when the job is handed over "
            "(`contextvars.copy_context()`)."
        )


@pytest.mark.check(level="hard", after="test_background_has_the_id")
def test_background_keeps_apart(service, logs, fresh):
    """Jobs of requests that came at the same time each keep their own id."""
    given = sorted(fresh.token(20) for _ in range(CROWD))
    service.together(
        [Request("GET", "/drills/background", headers={HEADER: ident}, deadline=PATIENCE) for ident in given]
    )
    logs.wait_for(
        lambda record: record.get("message") == "background_done" and logs.text.count("background_done") >= CROWD,
        f"{CROWD} `background_done`",
        cause=NOT_DONE,
    )
    got = sorted(str(record.get("correlation_id")) for record in logs.having(message="background_done"))
    assert got == given, (
        "Jobs that wait together are done under each other's id: the id is kept in a place that they share, and the "
        "last one that came wins. Each job needs its own copy, made when it is handed over."
    )
