"""Who stands outside of whom: every response, a crash's too, has the one shape, the id and the headers."""

from __future__ import annotations

import pytest

from labs.judge import VALID_IDENT, CheckFailed, crash

from .steps import assert_error, assert_stamped


@pytest.mark.check(level="easy", after="test_assembled")
def test_error_from_a_middleware(service, fresh):
    """An error that a middleware raises is answered like one from a route, headers included."""
    ident = fresh.token(20)
    response = service.get("/drills/stream", headers={"X-Correlation-ID": ident, "X-Drill": "conflict"}, partial=True)
    assert_error(response, 409, ident)


@pytest.mark.check(level="easy", after="test_assembled")
def test_crash_is_complete(service, logs, fresh):
    """A crash is a 500 in the one shape, with the correlation id and the security headers; its record has the id."""
    ident, detail = fresh.token(20), fresh.token(12)
    response = crash(service, detail, given=ident)
    assert_error(response, 500, ident)
    cause = (
        "The crash is in the log without the correlation id of its request, so nobody finds it. `CorrelationId` has to "
        "stand outside of whatever logs the crash."
    )
    logs.wait_for(
        lambda record: detail in str(record.get("stack")), "the crash's stack", cause="The crash is not in the log."
    )
    record = logs.wait_for(
        lambda record: detail in str(record.get("stack")) and record.get("correlation_id") == ident,
        "the id and the stack",
        cause=cause,
    )
    assert record.get("status") == "error", "A crash is logged at `error`."


@pytest.mark.check(level="medium", after="test_crash_is_complete")
def test_too_large(service, fresh):
    """A body above 64 KiB is a 413 like every other error, headers included."""
    ident = fresh.token(20)
    body = {"user_id": 1, "item": "x" * 70_000, "amount": 1}
    response = service.post("/orders", body, headers={"X-Correlation-ID": ident})
    assert_error(response, 413, ident)


@pytest.mark.check(level="medium", after="test_crash_is_complete")
def test_every_answer_is_stamped(service, fresh):
    """A 200, a 404 and a 405 carry the id and the security headers, too."""
    for method, path in (("GET", "/about"), ("GET", f"/{fresh.token()}"), ("DELETE", "/about")):
        ident = fresh.token(20)
        assert_stamped(service.request(method, path, headers={"X-Correlation-ID": ident}), ident)


@pytest.mark.check(level="hard", after="test_crash_is_complete")
def test_broken_stream(service, logs, fresh):
    """An answer that fails after its beginning is a broken transfer, and is in the log with its id."""
    ident = fresh.token(20)
    try:
        response = service.get("/drills/stream", headers={"X-Correlation-ID": ident}, partial=True)
        ended_cleanly = response.complete
    except CheckFailed:
        ended_cleanly = False
    assert not ended_cleanly, (
        "The stream failed in the middle and ended cleanly: half a file, and nobody can tell. A middleware by "
        '`@app.middleware("http")` (a `BaseHTTPMiddleware`) does that, or a boundary that swallows what comes after '
        "the beginning. Use the pure ASGI ones."
    )
    logs.wait_for(
        lambda record: record.get("correlation_id") == ident and "stack" in record,
        "the id and a stack",
        cause="The broken transfer is not in the log under its request's correlation id.",
    )


@pytest.mark.check(level="hard", after="test_crash_is_complete")
def test_strangers_id_goes_nowhere(service, logs, fresh):
    """An invalid id is replaced, and the new one is the same in the header, the body and the log."""
    hostile = f'{fresh.token(8)}", "status": "info'
    response = crash(service, fresh.token(), given=hostile)
    ident = response.header("X-Correlation-ID") or ""
    assert VALID_IDENT.fullmatch(ident), "Every answer needs a valid X-Correlation-ID, a crash's as well."
    assert_error(response, 500, ident)
    logs.wait_for(
        lambda record: record.get("correlation_id") == ident and "stack" in record, "the new id and the stack"
    )
    assert hostile[:8] not in logs.text, "A stranger's text is in the log, as a correlation id or with it."
