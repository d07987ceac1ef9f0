"""In every line: what is logged during a request has its id, whichever logger, thread or task writes it."""

from __future__ import annotations

from typing import Any

import pytest

from labs.judge import CheckFailed, Logs, Request

from .causes import HEADER, MIXED, why_not_in_line
from .steps import CROWD, PATIENCE, ident_of

NO_RECORD = (
    "The line never came. A filter has to return `True` to let a record pass, and whatever raises in it takes the "
    "request down."
)

NO_FIELD = "The line came without its field `n`, the number in the path, so nobody can tell which request it is of."


@pytest.mark.check(level="easy", after="test_valid_id_is_taken_over")
def test_lines_have_the_id(service, logs, fresh):
    """A log line of a request has the request's id: the caller's, or the one on the answer."""
    n, given = fresh.number(1000, 9999), fresh.token(64)
    service.get(f"/drills/slow/{n}", headers={HEADER: given})
    made = ident_of(service.get(f"/drills/slow/{n + 1}"))
    logs.complete()
    record = one(logs, message="slow_done", n=n)
    assert record.get("correlation_id") == given, why_not_in_line(record, given)
    record = one(logs, message="slow_done", n=n + 1)
    assert record.get("correlation_id") == made, (
        "The line and the answer of a request without an id have two different ones. Make the id once, and read it "
        "everywhere else."
    )


@pytest.mark.check(level="medium", after="test_lines_have_the_id")
def test_threads_and_tasks_have_the_id(service, logs, fresh):
    """Lines from a worker thread and from gathered tasks have the id as well."""
    n, in_thread, in_tasks = fresh.number(1000, 9999), fresh.token(20), fresh.token(20)
    service.get(f"/drills/thread/{n}", headers={HEADER: in_thread})
    service.get("/drills/gather", headers={HEADER: in_tasks})
    logs.complete()
    assert one(logs, message="thread_done", n=n).get("correlation_id") == in_thread, (
        "A line from a sync endpoint lacks the request's id. FastAPI runs a `def` in a worker thread and copies the "
        "context there: a `ContextVar` goes along, a `threading.local` or a dict by task does not."
    )
    children = [one(logs, message="child", n=m).get("correlation_id") for m in (1, 2, 3)]
    assert children == [in_tasks] * 3, (
        "Lines from gathered tasks lack the request's id. Each task has a copy of the context in which it was "
        "created: a `ContextVar` goes along, a dict by `asyncio.current_task()` does not."
    )


@pytest.mark.check(level="medium", after="test_lines_have_the_id")
def test_libraries_lines_have_the_id(service, logs, fresh):
    """Lines of libraries, and whatever else names the request, have the request's id."""
    by_library, message = fresh.token(20), f"probe {fresh.token()}"
    path, unknown = f"/{fresh.token(16)}", fresh.token(20)
    service.post("/drills/library", {"level": "warning", "message": message}, headers={HEADER: by_library})
    service.get(path, headers={HEADER: unknown})
    logs.complete()
    assert one(logs, message=message).get("correlation_id") == by_library, (
        "A library's line lacks the id: what you hooked in sees your own logger's records only. A filter on a logger "
        "(the root as well) is not asked for what its children pass up. Put it on the handler, or into a record "
        "factory."
    )
    for record in logs.records:
        if path in str(record.get("message")) or path in str(record.get("path")):
            assert record.get("correlation_id") == unknown, (
                "The line about an unknown path (the server's access log, say) lacks the request's id. It is written "
                "after your routes are done: set the id in the middleware, and don't take it back before the answer "
                "has gone out."
            )


@pytest.mark.check(level="hard", after="test_threads_and_tasks_have_the_id")
def test_lines_keep_apart(service, logs, fresh):
    """Requests that run at the same time never get each other's id, in tasks or in threads."""
    start = fresh.number(1000, 8000)
    wanted: dict[tuple[str, int], str] = {}
    for n in range(start, start + CROWD):
        wanted["slow_done", n], wanted["thread_done", n] = fresh.token(20), fresh.token(20)
    paths = {"slow_done": "slow", "thread_done": "thread"}
    requests = [
        Request("GET", f"/drills/{paths[message]}/{n}", headers={HEADER: given}, deadline=PATIENCE)
        for (message, n), given in wanted.items()
    ]
    gathered = [fresh.token(20) for _ in range(CROWD // 2)]
    requests += [Request("GET", "/drills/gather", headers={HEADER: given}, deadline=PATIENCE) for given in gathered]
    responses = service.together(requests)
    assert [ident_of(response) for response in responses] == [*wanted.values(), *gathered], MIXED
    records = logs.complete()
    got = {
        (str(record.get("message")), record.get("n")): record.get("correlation_id")
        for record in records
        if (record.get("message"), record.get("n")) in wanted
    }
    for key, given in wanted.items():
        if got.get(key) != given:
            raise CheckFailed(
                MIXED if key in got else NO_RECORD,
                expected=f"{key[0]} n={key[1]} correlation_id={given}",
                got=f"{key[0]} n={key[1]} correlation_id={got.get(key)}",
            )
    children = sorted(str(record.get("correlation_id")) for record in records if record.get("message") == "child")
    assert children == sorted(gathered * 3), MIXED


def one(logs: Logs, **fields: Any) -> dict[str, Any]:
    """The record with these fields; fails the check when there is none."""
    if found := logs.having(**fields):
        return found[0]
    wanted = " ".join(f"{name}={value}" for name, value in fields.items())
    nameless = [record for record in logs.having(message=fields["message"]) if not fields.keys() <= record.keys()]
    raise CheckFailed(
        NO_FIELD if nameless else NO_RECORD,
        expected=f"a record with {wanted}",
        got="\n".join(logs.lines[-8:]) or "(nothing was written)",
    )
