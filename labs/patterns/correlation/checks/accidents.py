"""Accidents: a crash is answered and logged under the id of its request."""

from __future__ import annotations

import pytest

from labs.judge import CheckFailed, Request, Response, crash

from .causes import HEADER, why_crash_line
from .steps import PATIENCE, ident_of


@pytest.mark.check(level="medium", after="test_valid_id_is_taken_over")
def test_crash_has_the_header(service, fresh):
    """A 500 carries the id like every other answer, in the header and in the body."""
    for given in (fresh.token(20), ""):
        detail = f"crash {fresh.token()}"
        response = crash(service, detail, given=given)
        assert response.status == 500, "A bug is a 500. Answer it, but as what it is."
        assert detail not in response.text, (
            "The answer shows the exception's text, which nobody wrote for callers. The message is a constant; the id "
            "leads to the rest."
        )
        ident = crash_ident(response, given)
        body = response.json
        assert isinstance(body, dict) and body.get("correlation_id") == ident, (
            "The body of the 500 has to say the same id as its header, as `correlation_id`: that is what customers "
            "read out on the telephone."
        )
    assert body.get("error") == "INTERNAL_ERROR", "The contract calls this error `INTERNAL_ERROR`."


@pytest.mark.check(level="hard", after=("test_crash_has_the_header", "test_lines_have_the_id"))
def test_crash_is_logged_with_the_id(service, logs, fresh):
    """The line with the stack has the id of the request that crashed, also when several crash at once."""
    crashes = {f"crash {fresh.token()}": fresh.token(20) for _ in range(6)}
    service.together(
        [
            Request(
                "POST",
                "/drills/crash",
                json={"detail": detail, "secret": fresh.secret()},
                headers={HEADER: given},
                deadline=PATIENCE,
            )
            for detail, given in crashes.items()
        ]
    )
    records = logs.complete()
    for detail, given in crashes.items():
        found = [
            record
            for record in records
            if any(detail in value and "Traceback" in value for value in record.values() if isinstance(value, str))
        ]
        own = [record for record in found if not str(record.get("logger")).startswith("uvicorn")]
        got = [record.get("correlation_id") for record in own]
        if got != [given] * len(got) or not got:
            raise CheckFailed(
                why_crash_line(own, found),
                expected=f"a record with the stack and correlation_id={given}",
                got=own[-1] if own else "no record of the service's own with the stack",
            )


def crash_ident(response: Response, given: str) -> str:
    """The id on the response to a crash, which has to be the given one, if one was given."""
    if not response.header_values(HEADER):
        raise CheckFailed(
            f"The 500 has no `{HEADER}`. It is made outside of your middleware: Starlette's own answer and a handler "
            "for `Exception` both run in `ServerErrorMiddleware`. Answer accidents in a middleware that stands inside "
            "of the one that stamps, or stamp it yourself.",
            expected=f"500 with {HEADER}",
            got=response,
        )
    ident = ident_of(response)
    assert not given or ident == given, (
        "The 500 has another id than the request. Don't make one for the error; the request's is in the `ContextVar`."
    )
    return ident
