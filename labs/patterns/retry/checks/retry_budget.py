"""An outage: retries must not multiply the load of a downstream that only fails, and have to come back after it."""

from __future__ import annotations

import time

import pytest

from labs.judge import CheckFailed, Downstream, Fresh, Request, Response, ScriptedReply, ServiceUnderTest

from .causes import why_multiplied
from .steps import PATIENCE, TYPED, new_item


@pytest.mark.check(level="expert", after=("test_two_faults_are_hidden", "test_last_error_decides"), points=2)
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


@pytest.mark.check(level="hard", after="test_outage_is_not_multiplied")
def test_quiet_times_save_nothing_up(service, downstream, fresh):
    """After a quiet time an outage is no worse: twenty requests cause fewer than forty calls."""
    downstream.default = ScriptedReply(json={"price": 1999})
    for _ in range(3):
        service.together([Request("GET", f"/quotes/{new_item(fresh)}") for _ in range(30)])
    downstream.calls.clear()
    outage(service, downstream, fresh, waves=1, size=20)
    calls = len(downstream.calls)
    assert calls < 40, (
        "Ninety requests without a fault saved up retries, and the outage after them got them all. A quiet week saves "
        "up thousands: the bucket has room for ten tokens, and `earn` must not put in more."
    )


@pytest.mark.check(level="expert", after="test_outage_is_not_multiplied")
def test_recovery(service, downstream, fresh):
    """Two seconds after an outage requests are answered again, and before long single faults are hidden again."""
    outage(service, downstream, fresh, waves=1, size=20)
    price = fresh.number(100, 99_999)
    downstream.default = ScriptedReply(json={"price": price})
    downstream.calls.clear()
    began = time.monotonic()
    while (response := after_outage(service, new_item(fresh))).status != 200 and time.monotonic() - began < 2.3:
        time.sleep(0.05)
    waited = round(time.monotonic() - began, 1)
    assert response.status == 200, (
        f"Downstream has been well again for {waited} s, and requests still fail. A breaker has to let a call through "
        "now and then to see; a budget must only be asked before a *second* attempt."
    )
    for _ in range(6):
        good = service.together([Request("GET", f"/quotes/{new_item(fresh)}") for _ in range(20)])
        assert [response.status for response in good if response.status != 200] == [], (
            "Downstream is well, and some requests still fail: "
            "what the outage left behind has to be forgotten with the first success."
        )
        item = new_item(fresh)
        downstream.script(ScriptedReply(503), path=f"/quotes/{item}")
        if after_outage(service, item).status == 200:
            return
    raise CheckFailed(
        "After an outage nothing is tried again any more, not even after 120 requests without a fault: the budget is "
        "spent and never fills up. Each request has to put something in (`earn`), and a retry that is refused must "
        "take nothing out (`spend`, which has to return `True` when it took a token).",
        expected="a single 503 is hidden again",
        got="the caller gets it",
    )


@pytest.mark.check(level="hard", after="test_outage_is_not_multiplied")
def test_single_faults_are_still_hidden(service, downstream, fresh):
    """Eight single faults among sixteen requests are hidden: nobody steps in before ten calls in a row have failed."""
    downstream.default = ScriptedReply(json={"price": 1999})
    for _ in range(2):
        items = [new_item(fresh) for _ in range(8)]
        for item in items[:4]:
            downstream.script(ScriptedReply(503), path=f"/quotes/{item}")
        responses = service.together([Request("GET", f"/quotes/{item}") for item in items])
        failed = sum(response.status != 200 for response in responses)
        assert failed == 0, (
            "A few single faults already ended the retries (or opened the breaker), as if there were an outage. A "
            "budget needs a reserve of about ten; a breaker waits for ten failures in a row."
        )


def outage(service: ServiceUnderTest, downstream: Downstream, fresh: Fresh, *, waves: int, size: int) -> list[int]:
    """Have downstream fail for good, and send waves of requests; the statuses that their callers got."""
    downstream.default = ScriptedReply(503)
    statuses: list[int] = []
    for _ in range(waves):
        requests = [Request("GET", f"/quotes/{new_item(fresh)}", deadline=PATIENCE) for _ in range(size)]
        statuses += [response.status for response in service.together(requests)]
    return statuses


def after_outage(service: ServiceUnderTest, item: str) -> Response:
    """Ask for a quote with time enough: what matters is whether it comes."""
    return service.get(f"/quotes/{item}", deadline=PATIENCE)
