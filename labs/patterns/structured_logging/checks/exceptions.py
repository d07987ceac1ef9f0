"""An exception is one record: with its traceback as text, and without the local variables of any frame."""

from __future__ import annotations

import pytest

from labs.judge import CheckFailed, crash, create_order

from .causes import why_leaked, why_no_stack, why_stray
from .reading import Record
from .steps import find, one

DECLINED = "4000 0000 0000 0002"  # the number of a card that is refused


@pytest.mark.check(
    level="easy",
    after=("test_message_is_constant_and_fields_are_typed", "test_status_is_the_level"),
)
def test_exception_is_one_record(service, logs, fresh):
    """A handled exception is one record, at `error`, with its traceback as text in `stack`."""
    order = create_order(service, fresh)
    response = service.post(f"/orders/{order['id']}/pay", {"card_number": DECLINED})
    assert response.status == 402, (
        "A declined card is answered with 402, whatever the log does: a log call that raises fails the request. "
        "`exc_info` is `True`, an exception or a triple."
    )
    record = one(logs, "payment_failed")
    assert (record.get("order_id"), record.get("status")) == (order["id"], "error"), (
        "`log.exception` writes at the level `error`, with the event's fields; the exception comes on top of them."
    )
    assert_stack(record)


@pytest.mark.check(level="medium", after=("test_exception_is_one_record", "test_server_lines_are_json"))
def test_crash_is_in_the_stream(service, logs, fresh):
    """An exception that nobody handled is a record with its stack, and no line of it is loose text."""
    detail = f"crash {fresh.token()}\n  second line"
    response = crash(service, detail, secret=fresh.secret())
    assert response.status == 500, "A crash is answered with 500; logging must not turn it into a success."
    records = find(logs, lambda record: detail in str(record.get("stack")), 1, quiet=True)
    logs.complete()
    assert logs.strays[:5] == [], why_stray(logs.strays)
    records = [record for record in logs.records if detail in str(record.get("stack"))]
    if not records:
        raise CheckFailed(
            "The crash left no record with its stack. uvicorn reports it with `exc_info`, as the triple of "
            "`sys.exc_info()`: other loggers' records need the same treatment of exceptions as yours.",
            expected=f"a record whose `stack` has the text {detail!r}",
            got="\n".join(logs.lines[-6:]),
        )
    record = records[0]
    assert (record.get("status"), "RuntimeError" in str(record["stack"])) == ("error", True), (
        "The record of a crash is at `error`, and its stack names the exception's type."
    )
    assert_stack(record)


@pytest.mark.check(level="medium", after="test_exception_is_one_record")
def test_no_local_variables(service, logs, fresh):
    """No local variable of any frame gets into the log."""
    card = f"{fresh.number(1000_0000, 9999_9999)}0002"
    secret, detail = fresh.secret(), f"crash {fresh.token()}"
    crash(service, detail, secret=secret)
    order = create_order(service, fresh)
    service.post(f"/orders/{order['id']}/pay", {"card_number": card})
    find(logs, lambda record: detail in str(record), 1, quiet=True)
    logs.complete()
    leaked = {
        what: value for what, value in (("the card number", card), ("a local variable", secret)) if value in logs.text
    }
    assert list(leaked) == [], why_leaked(logs, leaked)


@pytest.mark.check(level="medium", after="test_exception_is_one_record")
def test_no_stack_without_an_exception(service, logs, fresh):
    """A record that tells of no exception has no stack, and no record carries a raw `exc_info`."""
    order = create_order(service, fresh)
    service.post(f"/orders/{order['id']}/pay", {"card_number": DECLINED})
    plain = f"probe_{fresh.token()}"
    service.post("/drills/log", {"level": "error", "message": plain, "fields": {}})
    record = one(logs, plain)
    assert record.get("stack") is None, (
        "A record at `error` got a stack although nothing was raised: render one only when there is an `exc_info`, "
        "not for every error."
    )
    failed = one(logs, "payment_failed")
    assert [name for name in ("exc_info", "exception") if name in failed] == [], (
        "The exception is in the record twice: take `exc_info` out of the event when you write `stack`."
    )


def assert_stack(record: Record) -> None:
    """Fail unless the record has a traceback as text."""
    stack = record.get("stack")
    if not isinstance(stack, str) or "Traceback" not in stack or "\n" not in stack.strip():
        raise CheckFailed(
            why_no_stack(record),
            expected='"stack": "Traceback (most recent call last):\\n  File …"',
            got=record,
        )
