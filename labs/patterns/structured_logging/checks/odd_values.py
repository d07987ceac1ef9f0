"""Values JSON can't hold: they are written in a form that JSON has, and never fail the request."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from labs.judge import CheckFailed, Logs

from .causes import why_hostile, why_line, why_odd
from .reading import Record, loose_text
from .steps import assert_time, find, one


@pytest.mark.check(level="medium", after="test_message_is_constant_and_fields_are_typed")
def test_odd_values_are_written(service, logs):
    """Dates, decimals, sets, bytes, exceptions and NaN are written, as strict JSON, and the request goes on."""
    response = service.post("/drills/odd")
    assert response.status == 204, why_odd(logs)
    record = odd_record(logs, "odd_values")
    empty = [
        name for name in ("when", "ident", "price", "tags", "blob", "problem") if record.get(name) in (None, "", [], {})
    ]
    assert empty == [], (
        "A field is gone, or empty: a value that JSON lacks still has a text (`isoformat()`, `str()`, `repr()`)."
    )
    assert "ratio" in record, (
        "The field `ratio` (NaN) is gone: write `null` or the text `NaN`, so that its absence can be seen."
    )


@pytest.mark.check(level="hard", after="test_odd_values_are_written")
def test_odd_values_stay_readable(service, logs):
    """Odd values can still be searched: a time as ISO 8601, a UUID and a Decimal as their digits, a set as a list."""
    before = datetime.now(UTC)
    service.post("/drills/odd")
    record = odd_record(logs, "odd_values")
    assert_time(record.get("when"), before, datetime.now(UTC), "when")
    digits = {"ident": "[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", "price": r"\d+(\.\d+)?"}
    wrong = {name: record.get(name) for name, shape in digits.items() if not re.fullmatch(shape, str(record.get(name)))}
    assert wrong == {}, (
        "`repr` shows the Python object (`Decimal('1.50')`); `str` shows the value, and that is what one searches for."
    )
    assert (type(record.get("tags")).__name__, record.get("tags")) == ("list", record.get("tags")), (
        "A set written as text can't be searched by its items: make it a list."
    )


@pytest.mark.check(level="expert", after="test_odd_values_are_written")
def test_hostile_values_are_written(service, logs, fresh):
    """A raising `repr`, a list that contains itself, a tuple as a key: none fails the request or loses the record."""
    response = service.post("/drills/hostile")
    assert response.status == 204, why_hostile(logs)
    record = odd_record(logs, "hostile_values")
    gone = [name for name in ("broken", "loop", "pairs", "readings") if name not in record]
    assert gone == [], (
        "Fields are gone. What can't be shown is replaced by something that says so, one value at a time; the rest of "
        "the record stays."
    )
    after = f"probe_{fresh.token()}"
    service.post("/drills/log", {"message": after, "fields": {}})
    one(logs, after)


def odd_record(logs: Logs, message: str) -> Record:
    """The record of a drill with odd values; fails when it is gone, or not strict JSON."""
    found = find(logs, lambda record: record.get("message") == message, 1, quiet=True)
    if found:
        return one(logs, message)
    line = next((line for line in logs.strays if message in line), "")
    if line:
        raise CheckFailed(why_line(line), expected=f"a strict JSON object with the message {message}", got=line)
    raise CheckFailed(
        "The request went well and its record is gone: an encoder that fails must not lose the rest of the record."
        + loose_text(logs),
        expected=f"a record with the message {message}",
        got="\n".join(logs.lines[-8:]) or "(nothing was written)",
    )
