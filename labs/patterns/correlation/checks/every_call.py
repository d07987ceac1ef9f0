"""On every call: what the service asks downstream carries the id of the request that it is for."""

from __future__ import annotations

import pytest

from labs.judge import CheckFailed, Downstream, Received, Request, ScriptedReply, calls_to

from .causes import HEADER, MIXED, why_other_call
from .steps import CROWD, PATIENCE, ident_of


@pytest.mark.check(level="easy", after="test_valid_id_is_taken_over")
def test_call_carries_the_id(service, downstream, fresh):
    """Each call downstream carries the id of its own request."""
    downstream.default = ScriptedReply(json={"price": fresh.number(100, 9999)})
    seen: list[str] = []
    for given in (fresh.token(20), fresh.token(64), None):
        item = fresh.token()
        response = service.get(f"/quotes/{item}", headers={HEADER: given} if given else {})
        ident = ident_of(response)
        assert response.status == 200, "`GET /quotes/{item}` has to be answered with 200 while downstream is well."
        call = call_for(downstream, f"/quotes/{item}")
        assert call.headers.get(HEADER.lower()) == ident, why_other_call(call, seen)
        seen.append(ident)


@pytest.mark.check(level="medium", after=("test_call_carries_the_id", "test_hostile_id_is_replaced"))
def test_hostile_id_goes_no_further(service, downstream, fresh):
    """A hostile id does not reach the other team: they get the one that replaced it."""
    downstream.default = ScriptedReply(json={"price": fresh.number(100, 9999)})
    for given in (f"{fresh.token()} admin", fresh.token(300)):
        item = fresh.token()
        ident = ident_of(service.get(f"/quotes/{item}", headers={HEADER: given}))
        call = call_for(downstream, f"/quotes/{item}")
        assert call.headers.get(HEADER.lower()) == ident, (
            "What went downstream is not the id on the answer: the raw header was passed on. Forward the id that was "
            "chosen at the border."
        )


@pytest.mark.check(level="hard", after="test_call_carries_the_id")
def test_calls_keep_apart(service, downstream, fresh):
    """Calls that are under way at the same time each carry the id of their own request."""
    downstream.default = ScriptedReply(json={"price": fresh.number(100, 9999)}, delay=0.02)
    wanted = {f"/quotes/{fresh.token()}": fresh.token(20) for _ in range(CROWD)}
    responses = service.together(
        [Request("GET", path, headers={HEADER: given}, deadline=PATIENCE) for path, given in wanted.items()]
    )
    assert [ident_of(response) for response in responses] == list(wanted.values()), MIXED
    for path, given in wanted.items():
        call = call_for(downstream, path)
        assert call.headers.get(HEADER.lower()) == given, (
            "Calls of requests that run at the same time carry each other's id. It is kept on something that they "
            "share: the client's own `headers`, a global. Put it on each `httpx.Request`, from the `ContextVar`."
        )


def call_for(downstream: Downstream, path: str) -> Received:
    """The first call for this path; fails when there is none."""
    found = calls_to(downstream, path)
    if not found:
        raise CheckFailed(
            "Downstream was not asked. Each request for a quote is one call; the client needs its `base_url`.",
            expected=f"GET {path}",
            got="\n".join(f"{call.method} {call.path}" for call in list(downstream.calls)) or "no call",
        )
    return found[0]
