"""Your own events: each is one JSON record that says what, how bad, when and by whom, in fields of their types."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from labs.judge import create_order, create_user

from .causes import why_fields, why_sender
from .reading import Record
from .steps import assert_time, find, one

LEVELS = ("debug", "info", "warning", "error", "critical")


@pytest.mark.check(level="easy")
def test_events_are_json(service, logs, fresh):
    """Each event of your own is one JSON object on one line."""
    order = create_order(service, fresh)
    service.get(f"/orders/{order['id']}")
    for event in ("user_created", "order_created", "order_viewed"):
        one(logs, event)


@pytest.mark.check(level="easy", after="test_events_are_json")
def test_message_is_constant_and_fields_are_typed(service, logs, fresh):
    """The message is a constant; what varies stands in fields of its own, with its type."""
    first = create_order(service, fresh)
    second = create_order(service, fresh, user_id=first["user_id"])
    wanted = [{"order_id": o["id"], "user_id": o["user_id"], "amount": o["amount"]} for o in (first, second)]
    records = find(logs, lambda record: record.get("message") == "order_created", 2)
    got = [{name: record.get(name) for name in wanted[0]} for record in records]
    assert got == wanted, why_fields(got, wanted)


@pytest.mark.check(level="easy", after="test_events_are_json")
def test_who_speaks(service, logs, fresh):
    """Every record says which service, version and environment it comes from, and which logger wrote it."""
    create_user(service, fresh)
    record = one(logs, "user_created")
    wanted = {
        "service": service.env["SERVICE_NAME"],
        "version": service.env["APP_VERSION"],
        "environment": service.env["ENVIRONMENT"],
    }
    got = {name: record.get(name) for name in wanted}
    assert got == wanted, why_sender(got, wanted)
    assert_logger_named(record)


@pytest.mark.check(level="easy", after="test_events_are_json")
def test_timestamp_has_an_offset(service, logs, fresh):
    """The timestamp is ISO 8601 with an offset, and it is the time of the event, in any time zone."""
    service.start(TZ="<+0530>-5:30")  # where local time is not UTC
    before = datetime.now(UTC)
    create_user(service, fresh)
    record = one(logs, "user_created")
    assert_time(record.get("timestamp"), before, datetime.now(UTC))


@pytest.mark.check(level="easy", after="test_events_are_json")
def test_status_is_the_level(service, logs, fresh):
    """`status` is the level, in lower case."""
    sent = {level: f"probe_{fresh.token()}" for level in LEVELS[1:]}
    for level, message in sent.items():
        service.post("/drills/log", {"level": level, "message": message, "fields": {}})
    got = {level: one(logs, message).get("status") for level, message in sent.items()}
    assert got == {level: level for level in sent}, (
        "The severity has to be in `status`, spelled "
        + ", ".join(LEVELS)
        + ". structlog calls it `level`, the standard library `levelname`, in capitals."
    )


@pytest.mark.check(level="medium", after="test_status_is_the_level")
def test_level_comes_from_the_environment(service, logs, fresh):
    """Events below LOG_LEVEL are not written; without LOG_LEVEL, those below INFO are not."""
    for threshold in ("ERROR", None, "DEBUG"):
        service.start(LOG_LEVEL=threshold)
        sent = {level: f"probe_{fresh.token()}" for level in ("debug", "info", "error")}
        for level, message in sent.items():
            service.post("/drills/log", {"level": level, "message": message, "fields": {}})
        one(logs, sent["error"])
        logs.complete()
        written = [level for level, message in sent.items() if logs.having(message=message)]
        wanted = {"ERROR": ["error"], None: ["info", "error"], "DEBUG": ["debug", "info", "error"]}[threshold]
        assert written == wanted, (
            f"With `LOG_LEVEL` {'not set' if threshold is None else 'at ' + threshold}, the events that were written "
            "are not those from that level on: read the level from the environment where logging is configured, and "
            "filter by it."
        )


@pytest.mark.check(level="medium", after="test_events_are_json")
def test_fields_keep_their_values(service, logs, fresh):
    """Fields may have any name and any JSON value, and arrive as they were sent."""
    fields = {
        "name": fresh.name(),
        "args": [1, 2.5, None, True],
        "module": {"deep": [fresh.token(), {"deeper": fresh.number(1, 99)}]},
        "text": f"{fresh.token()} 100% ü 漢",
        "count": fresh.number(1, 99_999),
    }
    message = f"probe_{fresh.token()}"
    response = service.post("/drills/log", {"message": message, "fields": fields})
    assert response.status == 204, (
        "The log call failed, and the request with it. The standard library's `extra=` refuses names that a LogRecord "
        "has of its own (`name`, `args`, `module`): put all fields under one name of yours, and unpack them in the "
        "formatter."
    )
    record = one(logs, message)
    got = {name: record.get(name) for name in fields}
    assert got == fields, (
        "A field came out with another value than it went in with: hand the fields to the JSON encoder as they are. "
        "A formatter that copies only what a LogRecord does not have loses fields called `name`, `args` or `module`."
    )


@pytest.mark.check(level="medium", after=("test_who_speaks", "test_status_is_the_level"))
def test_fields_do_not_replace_standard_ones(service, logs, fresh):
    """A field that is called like a standard one does not replace it."""
    message = f"probe_{fresh.token()}"
    fields = {name: f"other-{fresh.token()}" for name in ("status", "service", "version", "timestamp")}
    response = service.post("/drills/log", {"level": "warning", "message": message, "fields": fields})
    assert response.status == 204, (
        "An event with a field called `status` or `service` made the log call fail, and the request with it."
    )
    record = one(logs, message)
    got = [name for name, value in fields.items() if record.get(name) == value]
    assert got == [], (
        'The event\'s own fields were merged over the standard ones, so `status="paid"` turns an error into '
        "something no alert looks for. Put the event's fields in first and the standard ones over them."
    )


@pytest.mark.check(level="medium", after="test_events_are_json")
def test_no_line_can_be_forged(service, logs, fresh):
    """Text from outside can't start a record of its own."""
    forged = f"forged_{fresh.token()}"
    line = f'{{"message": "{forged}", "status": "info"}}'
    message = f'probe_{fresh.token()}", "status": "info"}}\r\n{line}\n'
    text = f'", "message": "{forged}"}}\n{line}\u2028{line}\n'
    service.post("/drills/log", {"message": message, "fields": {"text": text}})
    find(logs, lambda record: record.get("message") == message, 1, quiet=True)
    logs.complete()
    assert logs.having(message=forged) == [], (
        "Text from a request became a record of its own: the line is put together from strings. Let a JSON encoder "
        "write the whole object; it escapes quotes and line breaks."
    )
    record = one(logs, message, "the message that was sent, line breaks and quotes included")
    assert record.get("text") == text, (
        "A field lost its line breaks or quotes on the way: let the JSON encoder escape them."
    )


def assert_logger_named(record: Record) -> None:
    """Fail unless the record says who wrote it."""
    name = record.get("logger")
    assert isinstance(name, str) and name != "", (
        "`logger` is missing: `get_logger(name)` has to leave its name on each record."
    )
