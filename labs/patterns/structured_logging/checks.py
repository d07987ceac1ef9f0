"""What a service with structured logging does, seen from outside: its answers and the lines it writes."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from labs.judge import CheckFailed, Logs, Request, create_order, create_user

Record = dict[str, Any]

LEVELS = ("debug", "info", "warning", "error", "critical")
STANDARD = ("timestamp", "status", "message", "logger", "service", "version", "environment")
DECLINED = "4000 0000 0000 0002"


# Own events


@pytest.mark.check("own_events", level="easy")
def test_events_are_json(service, logs, fresh):
    """Each event of your own is one JSON object on one line."""
    order = create_order(service, fresh)
    service.get(f"/orders/{order['id']}")
    for event in ("user_created", "order_created", "order_viewed"):
        one(logs, event)


@pytest.mark.check("own_events", level="easy", after="test_events_are_json")
def test_message_is_constant_and_fields_are_typed(service, logs, fresh):
    """The message is a constant; what varies stands in fields of its own, with its type."""
    first = create_order(service, fresh)
    second = create_order(service, fresh, user_id=first["user_id"])
    wanted = [{"order_id": o["id"], "user_id": o["user_id"], "amount": o["amount"]} for o in (first, second)]
    records = find(logs, lambda record: record.get("message") == "order_created", 2)
    got = [{name: record.get(name) for name in wanted[0]} for record in records]
    assert got == wanted, why_fields(got, wanted)


@pytest.mark.check("own_events", level="easy", after="test_events_are_json")
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


@pytest.mark.check("own_events", level="easy", after="test_events_are_json")
def test_timestamp_has_an_offset(service, logs, fresh):
    """The timestamp is ISO 8601 with an offset, and it is now, in any time zone."""
    service.start(TZ="<+0530>-5:30")  # where local time is not UTC
    before = datetime.now(UTC)
    create_user(service, fresh)
    record = one(logs, "user_created")
    assert_time(record.get("timestamp"), before, datetime.now(UTC))


@pytest.mark.check("own_events", level="easy", after="test_events_are_json")
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


@pytest.mark.check("own_events", level="medium", after="test_status_is_the_level")
def test_level_comes_from_the_environment(service, logs, fresh):
    """What is below LOG_LEVEL is not written; without LOG_LEVEL that is INFO."""
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
            f"With `LOG_LEVEL` {'not set' if threshold is None else 'at ' + threshold}, the events that were written are not "
            "those from that level on: read the level from the environment where logging is configured, and filter by it."
        )


@pytest.mark.check("own_events", level="medium", after="test_events_are_json")
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
    answer = service.post("/drills/log", {"message": message, "fields": fields})
    assert answer.status == 204, (
        "The log call failed, and the request with it. The standard library's `extra=` refuses names that a LogRecord has of its "
        "own (`name`, `args`, `module`): put all fields under one name of yours, and unpack them in the formatter."
    )
    record = one(logs, message)
    got = {name: record.get(name) for name in fields}
    assert got == fields, (
        "A field came out with another value than it went in with: hand the fields to the JSON encoder as they are. "
        "A formatter that copies only what a LogRecord does not have loses fields called `name`, `args` or `module`."
    )


@pytest.mark.check("own_events", level="medium", after=("test_who_speaks", "test_status_is_the_level"))
def test_fields_do_not_replace_standard_ones(service, logs, fresh):
    """A field that is called like a standard one does not replace it."""
    message = f"probe_{fresh.token()}"
    fields = {name: f"other-{fresh.token()}" for name in ("status", "service", "version", "timestamp")}
    answer = service.post("/drills/log", {"level": "warning", "message": message, "fields": fields})
    assert answer.status == 204, (
        "An event with a field called `status` or `service` made the log call fail, and the request with it."
    )
    record = one(logs, message)
    got = [name for name, value in fields.items() if record.get(name) == value]
    assert got == [], (
        'The event\'s own fields were merged over the standard ones, so `status="paid"` turns an error into something no alert '
        "looks for. Put the event's fields in first and the standard ones over them."
    )


@pytest.mark.check("own_events", level="medium", after="test_events_are_json")
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
        "Text from a request became a record of its own: the line is put together from strings. Let a JSON encoder write "
        "the whole object; it escapes quotes and line breaks."
    )
    record = one(logs, message, "the message that was sent, line breaks and quotes included")
    assert record.get("text") == text, (
        "A field lost its line breaks or quotes on the way: let the JSON encoder escape them."
    )


# Other people's loggers


@pytest.mark.check(
    "other_loggers",
    level="easy",
    after=("test_who_speaks", "test_status_is_the_level", "test_timestamp_has_an_offset"),
)
def test_library_records_are_json(service, logs, fresh):
    """What a library logs through the standard library is a record like yours."""
    message = f"retrying invoice {fresh.token()} (100% sure)"
    before = datetime.now(UTC)
    service.post("/drills/library", {"level": "warning", "message": message})
    record = one(logs, message, cause=why_no_library)
    wanted = {
        "status": "warning",
        "logger": "vendor.billing",
        "service": service.env["SERVICE_NAME"],
        "version": service.env["APP_VERSION"],
        "environment": service.env["ENVIRONMENT"],
    }
    got = {name: record.get(name) for name in wanted}
    only_the_name = {**got, "logger": wanted["logger"]} == wanted
    assert got == wanted, (
        "The record lacks only its logger's own name: `structlog.stdlib.add_logger_name`, first in `foreign_pre_chain`, adds it."
        if only_the_name
        else "The library's record did not get the standard fields. Other loggers' records reach only the handler's formatter: "
        "it has to put them through the same chain (`foreign_pre_chain`)."
    )
    assert_time(record.get("timestamp"), before, datetime.now(UTC))


@pytest.mark.check("other_loggers", level="medium", after="test_library_records_are_json")
def test_server_lines_are_json(service, logs, fresh):
    """Start-up, access and shutdown lines of the server are records, too: there is no other line in the stream."""
    path = f"/orders/{fresh.number(100_000, 999_999)}"
    service.get(path)
    service.post("/drills/library", {"level": "info", "message": f"probe {fresh.token()}"})
    find(logs, lambda record: path in str(record), 1, quiet=True)
    logs.complete()
    assert logs.strays[:5] == [], why_stray(logs.strays)
    lifespan = [
        record for record in logs.records if str(record.get("message")).startswith("Application startup complete")
    ]
    assert [missing_fields(record) for record in lifespan[:1]] == [[]], (
        "uvicorn says “Application startup complete.” when it starts; that record is gone or lacks standard fields. Take its "
        "handlers away and let it propagate to root; don't silence it: it is also the one that reports crashes."
    )
    access = [record for record in logs.records if path in str(record)]
    assert access != [], (
        f"No record tells of `GET {path}`. uvicorn writes its access log only when `uvicorn.access` has a handler somewhere above "
        "it: it comes with `propagate = False`, so without a handler of its own it falls silent."
    )


@pytest.mark.check("other_loggers", level="medium", after="test_server_lines_are_json")
def test_each_record_once(service, logs, fresh):
    """Each record is written once, whoever wrote it."""
    path = f"/orders/{fresh.number(100_000, 999_999)}"
    library, own = f"probe {fresh.token()}", f"probe_{fresh.token()}"
    service.get(path)
    service.post("/drills/library", {"level": "error", "message": library})
    service.post("/drills/log", {"level": "error", "message": own, "fields": {}})
    one(logs, own)
    logs.complete()
    startup = [r for r in logs.records if str(r.get("message")).startswith("Application startup complete")]
    by_server = [r for r in logs.records if path in str(r) and str(r.get("logger", "")).startswith("uvicorn")]
    got = {
        "your own event": sum(own in str(record.get("message")) for record in logs.records),
        "the library's": sum(library in str(record.get("message")) for record in logs.records),
        "uvicorn's start-up": len(startup),
        "uvicorn's access line": min(len(by_server), 2),
    }
    # An access log of the service's own may stand in for uvicorn's.
    wanted = {name: 1 for name in got} | {"uvicorn's access line": min(len(by_server), 1)}
    assert got == wanted, (
        "A record that passes two handlers is written twice. Attach the handler once, to root; a logger that propagates needs none "
        "of its own (uvicorn's `uvicorn` and `uvicorn.access` come with one each)."
    )


@pytest.mark.check("other_loggers", level="medium", after="test_library_records_are_json")
def test_level_holds_for_everybody(service, logs, fresh):
    """LOG_LEVEL holds for libraries and for the server, too."""
    service.start(LOG_LEVEL="INFO")
    quiet, loud = f"probe {fresh.token()}", f"probe {fresh.token()}"
    service.post("/drills/library", {"level": "debug", "message": quiet})
    service.post("/drills/library", {"level": "info", "message": loud})
    one(logs, loud, "a library's record at `info`, with `LOG_LEVEL` at INFO")
    logs.complete()
    assert len(logs.having(message=quiet)) == 0, (
        "A library's debug record was written although `LOG_LEVEL` is INFO: give the root logger the level from the environment."
    )
    service.start(LOG_LEVEL="WARNING")
    warned = f"probe {fresh.token()}"
    service.get("/orders/1")
    service.post("/drills/library", {"level": "info", "message": quiet})
    service.post("/drills/library", {"level": "warning", "message": warned})
    one(logs, warned, "a library's record at `warning`, with `LOG_LEVEL` at WARNING")
    below = [
        {name: record.get(name) for name in ("logger", "status", "message")}
        for record in logs.complete()
        if record.get("status") in ("debug", "info")
    ]
    assert below[:3] == [], why_below(below)


# Exceptions


@pytest.mark.check(
    "exceptions",
    level="easy",
    after=("test_message_is_constant_and_fields_are_typed", "test_status_is_the_level"),
)
def test_exception_is_one_record(service, logs, fresh):
    """A handled exception is one record, at `error`, with its traceback as text in `stack`."""
    order = create_order(service, fresh)
    answer = service.post(f"/orders/{order['id']}/pay", {"card_number": DECLINED})
    assert answer.status == 402, (
        "A declined card is answered with 402, whatever the log does: a log call that raises fails the request. "
        "`exc_info` is `True`, an exception or a triple."
    )
    record = one(logs, "payment_failed")
    assert (record.get("order_id"), record.get("status")) == (order["id"], "error"), (
        "`log.exception` writes at the level `error`, with the event's fields; the exception comes on top of them."
    )
    assert_stack(record)


@pytest.mark.check("exceptions", level="medium", after=("test_exception_is_one_record", "test_server_lines_are_json"))
def test_crash_is_in_the_stream(service, logs, fresh):
    """An exception that nobody handled is a record with its stack, and no line of it is loose text."""
    detail = f"crash {fresh.token()}\n  second line"
    answer = service.post("/drills/crash", {"detail": detail, "secret": fresh.secret()})
    assert answer.status == 500, "A crash is answered with 500; logging must not turn it into a success."
    records = find(logs, lambda record: detail in str(record.get("stack")), 1, quiet=True)
    logs.complete()
    assert logs.strays[:5] == [], why_stray(logs.strays)
    records = [record for record in logs.records if detail in str(record.get("stack"))]
    if not records:
        raise CheckFailed(
            "The crash left no record with its stack. uvicorn reports it with `exc_info`, as the triple of `sys.exc_info()`: "
            "other loggers' records need the same treatment of exceptions as yours.",
            expected=f"a record whose `stack` has the text {detail!r}",
            got="\n".join(logs.lines[-6:]),
        )
    record = records[0]
    assert (record.get("status"), "RuntimeError" in str(record["stack"])) == ("error", True), (
        "The record of a crash is at `error`, and its stack names the exception's type."
    )
    assert_stack(record)


@pytest.mark.check("exceptions", level="medium", after="test_exception_is_one_record")
def test_no_local_variables(service, logs, fresh):
    """No local variable of any frame gets into the log."""
    card = f"{fresh.number(1000_0000, 9999_9999)}0002"
    secret, detail = fresh.secret(), f"crash {fresh.token()}"
    service.post("/drills/crash", {"detail": detail, "secret": secret})
    order = create_order(service, fresh)
    service.post(f"/orders/{order['id']}/pay", {"card_number": card})
    find(logs, lambda record: detail in str(record), 1, quiet=True)
    logs.complete()
    leaked = {
        what: value for what, value in (("the card number", card), ("a local variable", secret)) if value in logs.text
    }
    assert list(leaked) == [], why_leaked(logs, leaked)


@pytest.mark.check("exceptions", level="medium", after="test_exception_is_one_record")
def test_no_stack_without_an_exception(service, logs, fresh):
    """A record that tells of no exception has no stack, and none carries a raw `exc_info`."""
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


# The request's context


@pytest.mark.check("request_context", level="easy", after="test_message_is_constant_and_fields_are_typed")
def test_given_id_is_on_the_record(service, logs, fresh):
    """A request's `X-Correlation-ID` is on the records that it causes."""
    given, n = fresh.token(20), fresh.number(1, 99_999)
    service.get(f"/drills/slow/{n}", headers={"X-Correlation-ID": given})
    record = one(logs, "slow_done")
    assert record.get("correlation_id") == given, (
        "The record does not carry the caller's id as `correlation_id`: bind it in the middleware before the request goes on, and have "
        "every record merge what is bound (`merge_contextvars`, first in the chain)."
    )


@pytest.mark.check("request_context", level="medium", after="test_given_id_is_on_the_record")
def test_id_is_made_when_none_is_given(service, logs, fresh):
    """A request without an id gets one of its own."""
    service.get(f"/drills/slow/{fresh.number(1, 999)}", headers={"X-Correlation-ID": fresh.token(20)})
    for n in (1001, 1002):
        service.get(f"/drills/slow/{n}")
    records = find(logs, lambda record: record.get("message") == "slow_done", 3)
    ids = [record.get("correlation_id") for record in records]
    made = [value for value in ids[1:] if isinstance(value, str) and value]
    assert len(made) == 2, "A request without `X-Correlation-ID` still needs an id: make one, for example with `uuid4`."
    assert len(set(ids)) == 3, (
        "Two requests have the same id. It has to be made inside the middleware, for each request: a default argument or a module's "
        "variable is evaluated once, and what is bound must not outlive its request."
    )


@pytest.mark.check(
    "request_context", level="medium", after=("test_given_id_is_on_the_record", "test_server_lines_are_json")
)
def test_id_is_on_every_record_of_the_request(service, logs, fresh):
    """Records of libraries and of the server belong to the request, too."""
    given, message = fresh.token(20), f"probe {fresh.token()}"
    path = f"/orders/{fresh.number(100_000, 999_999)}"
    headers = {"X-Correlation-ID": given}
    service.post("/drills/library", {"level": "warning", "message": message}, headers=headers)
    service.get(path, headers=headers)
    library = one(logs, message)
    assert library.get("correlation_id") == given, (
        "The library's record lacks the id: what your own events merge has to be merged in the handler's chain as well."
    )
    access = find(logs, lambda record: path in str(record), 1)[0]
    assert access.get("correlation_id") == given, (
        "The access record lacks the id. uvicorn writes it while the answer is sent, so the id has to be bound outside of that: in "
        "a middleware, not in a route or dependency, and not taken back before the answer goes out."
    )


@pytest.mark.check("request_context", level="hard", after="test_given_id_is_on_the_record")
def test_context_never_crosses_requests(service, logs, fresh):
    """Requests that run at the same time, in the event loop and in threads, keep their ids apart."""
    count = 16
    expected = {("slow_done", n): fresh.token(20) for n in range(count)}
    expected |= {("thread_done", n): fresh.token(20) for n in range(count)}
    service.together(
        [
            Request(
                "GET",
                f"/drills/{'slow' if kind == 'slow_done' else 'thread'}/{n}",
                headers={"X-Correlation-ID": value},
            )
            for (kind, n), value in expected.items()
        ]
    )
    records = find(logs, lambda record: record.get("message") in ("slow_done", "thread_done"), len(expected))
    crossed = [
        record
        for record in records
        if record.get("correlation_id") != expected.get((str(record["message"]), record.get("n")))
    ]
    if crossed:
        first = crossed[0]
        raise CheckFailed(
            why_crossed(crossed),
            expected=f"{first['message']} n={first.get('n')} correlation_id={expected.get((first['message'], first.get('n')))}\n"
            f"and so for all {len(expected)} requests",
            got=f"{first['message']} n={first.get('n')} correlation_id={first.get('correlation_id')}\n"
            f"{len(crossed)} of {len(expected)} records have the wrong id, or none",
        )


@pytest.mark.check(
    "request_context",
    level="hard",
    after=("test_id_is_on_every_record_of_the_request", "test_crash_is_in_the_stream"),
)
def test_crash_carries_the_id(service, logs, fresh):
    """The record of a crash can be found by the request's id."""
    given, detail = fresh.token(20), f"crash {fresh.token()}"
    service.post("/drills/crash", {"detail": detail, "secret": ""}, headers={"X-Correlation-ID": given})
    records = find(logs, lambda record: detail in str(record.get("stack")), 1)
    ids = [record.get("correlation_id") for record in records]
    assert given in ids, (
        "The crash was logged without the id. uvicorn logs it after your middleware has been left: if the id is unbound on the way "
        "out (`with bound_contextvars(...)`, `finally: reset`), it is gone by then. Leave it bound, or log the crash yourself inside."
    )


@pytest.mark.check("request_context", level="medium", after="test_given_id_is_on_the_record")
def test_no_context_outside_requests(service, logs, fresh):
    """Records that belong to no request have no request's id."""
    given = fresh.token(20)
    service.get("/drills/slow/1", headers={"X-Correlation-ID": given})
    one(logs, "slow_done")
    outside = [
        str(record.get("message"))
        for record in logs.complete()
        if record.get("correlation_id") == given
        and re.match("Shutting down|Waiting for|Finished server", str(record.get("message")))
    ]
    assert outside == [], (
        "The server's own records at shutdown carry the id of the last request: the id is kept in a variable that outlives the request."
    )


@pytest.mark.check("request_context", level="medium", after="test_given_id_is_on_the_record")
def test_no_secrets_in_the_stream(service, logs, fresh):
    """Passwords, tokens and bodies stay out of the log."""
    password, token, name = fresh.secret(), fresh.secret(), fresh.name()
    headers = {"Authorization": f"Bearer {token}", "Cookie": f"session={token}"}
    body = {"name": name, "email": fresh.email(), "password": password}
    service.post("/users", body, headers=headers)
    one(logs, "user_created")
    logs.complete()
    found = [what for what, value in (("password", password), ("token", token), ("body", name)) if value in logs.text]
    assert found == [], (
        "The middleware writes what it should only pass on. Bind the one header that you need; never log bodies or all headers: "
        "a body that you did not read is one that you did not redact."
    )
    service.start(LOG_LEVEL="DEBUG")
    service.post("/users", {**body, "email": fresh.email()}, headers=headers)
    logs.complete()
    found = [what for what, value in (("password", password), ("token", token)) if value in logs.text]
    assert found == [], (
        "With `LOG_LEVEL` at DEBUG the secrets are in the log. Debug is switched on in production when something is wrong, and the "
        "lines stay as long as all others: what must never be written is not written at any level."
    )


# Values JSON can't hold


@pytest.mark.check("odd_values", level="medium", after="test_message_is_constant_and_fields_are_typed")
def test_odd_values_are_written(service, logs, fresh):
    """Dates, decimals, sets, bytes, exceptions and NaN are written, as strict JSON, and the request goes on."""
    answer = service.post("/drills/odd")
    assert answer.status == 204, why_odd(logs)
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


@pytest.mark.check("odd_values", level="hard", after="test_odd_values_are_written")
def test_odd_values_stay_readable(service, logs, fresh):
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


@pytest.mark.check("odd_values", level="expert", after="test_odd_values_are_written")
def test_hostile_values_are_written(service, logs, fresh):
    """Neither a raising `repr`, nor a list that contains itself, nor a tuple as a key fails the request or loses the record."""
    answer = service.post("/drills/hostile")
    assert answer.status == 204, why_hostile(logs)
    record = odd_record(logs, "hostile_values")
    gone = [name for name in ("broken", "loop", "pairs", "readings") if name not in record]
    assert gone == [], (
        "Fields are gone. What can't be shown is replaced by something that says so, one value at a time; the rest of the record stays."
    )
    after = f"probe_{fresh.token()}"
    service.post("/drills/log", {"message": after, "fields": {}})
    one(logs, after)


# Finding records


def find(logs: Logs, wanted: Callable[[Record], Any], count: int, *, quiet: bool = False) -> list[Record]:
    """At least `count` records that `wanted` says yes to; waits a moment, then for the end of the stream."""

    def found() -> list[Record]:
        return [record for record in logs.records if wanted(record)]

    if len(found()) < count:
        # Some services write from a thread of their own, and some keep lines in a buffer until they stop.
        with contextlib.suppress(CheckFailed):
            logs.wait_for(wanted if count == 1 else lambda record: False, "it", timeout=0.3)
        if len(found()) < count:
            logs.complete()
    records = found()
    if len(records) < count and not quiet:
        raise CheckFailed(
            f"{len(records)} of {count} records were found." + loose_text(logs),
            expected=f"{count} records",
            got="\n".join(logs.lines[-8:]) or "(nothing was written)",
        )
    return records


def one(
    logs: Logs,
    message: str,
    what: str = "",
    cause: Callable[[Logs, str], str] = lambda logs, message: why_missing(logs, message),
) -> Record:
    """The one record with this message; `cause` says why when there is none."""
    found = find(logs, lambda record: record.get("message") == message, 1, quiet=True)
    if len(found) == 1:
        return found[0]
    what = what or f'"message": "{message}"'
    if found:
        raise CheckFailed(
            "One event was written more than once: two handlers, or a handler and `print`, write the same record.",
            expected=f"one record with {what}",
            got="\n".join(line for line in logs.lines if message.split("\n")[0] in line),
        )
    raise CheckFailed(cause(logs, message), expected=f"a record with {what}", got=relevant(logs, message))


def relevant(logs: Logs, text: str) -> str:
    """The lines that have to do with this text; the last ones when there are none."""
    word = text.split('"')[0].split("\n")[0]
    near = [line for line in logs.lines if word in line]
    return "\n".join(near[-4:] or logs.lines[-6:]) or "(nothing was written)"


def missing_fields(record: Record) -> list[str]:
    """The standard fields that a record lacks."""
    return [name for name in STANDARD if not isinstance(record.get(name), str) or not record[name]]


# Comparing


def assert_time(value: Any, before: datetime, after: datetime, field: str = "timestamp") -> None:
    """Fail unless `value` is ISO 8601 with an offset, between the two moments give or take a second."""
    expected = f"{before.isoformat(timespec='seconds')} or so"
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise CheckFailed(f"`{field}` is no ISO 8601 time.", expected=expected, got=value) from None
    if moment.utcoffset() is None:
        raise CheckFailed(
            f"`{field}` has no offset, so nobody knows which hour it means: use an aware time, `datetime.now(UTC).isoformat()`, "
            'or `TimeStamper(fmt="iso", utc=True)`.',
            expected=expected,
            got=value,
        )
    if not before - timedelta(seconds=1) <= moment <= after + timedelta(seconds=1):
        raise CheckFailed(
            f"`{field}` is not the time of the event. A local time that is labelled as UTC is off by the zone; a time that was "
            "computed when logging was configured stands still.",
            expected=expected,
            got=value,
        )


def assert_logger_named(record: Record) -> None:
    """Fail unless the record says who wrote it."""
    name = record.get("logger")
    assert isinstance(name, str) and name != "", (
        "`logger` is missing: `get_logger(name)` has to leave its name on each record."
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


# Likely causes


def why_missing(logs: Logs, message: str) -> str:
    """The event is not there as a record with that message: what stands in its place?"""
    for record in logs.records:
        if record.get("event") == message or record.get("msg") == message:
            key = "event" if record.get("event") == message else "msg"
            return f"The text of the event is in `{key}`. Datadog reads `message`: rename it before the record is rendered."
        text = record.get("message")
        if isinstance(text, str) and message in text and text.startswith("{"):
            return (
                "JSON inside JSON: the event is rendered by structlog's processors, and the handler's formatter renders the line again. "
                "One of the two has to hand on the event as it is (`ProcessorFormatter.wrap_for_formatter`)."
            )
        if isinstance(text, str) and message in text and text != message:
            return (
                f"The message is `{text[:80]}`: the values are baked into the text. The message is a constant to group by; what varies "
                "belongs in fields."
            )
    if error := logging_error(logs.lines):
        return error
    word = message.split('"')[0].split("\n")[0]
    line = next((line for line in logs.strays if word in line), "")
    if line:
        return why_line(line)
    return "No line tells of it: the event is not written at all, or below the level that is let through." + loose_text(
        logs
    )


def why_no_library(logs: Logs, message: str) -> str:
    """Why a library's record is not there."""
    if any(record.get("event") == message for record in logs.records):
        return (
            "The library's record missed the chain that gives records their fields: `processors` alone only renders; what a foreign "
            "record passes first is `foreign_pre_chain`."
        )
    if message in logs.strays:
        return (
            "The library's warning came out as bare text, by the standard library's last resort: no handler is in charge of it. Put yours "
            "on the root logger, where every logger's records end up."
        )
    if message not in logs.text:
        return (
            "The library's warning is lost. `dictConfig` switches off every logger that exists already, unless "
            "`disable_existing_loggers` is false; so does `disabled = True`, or a filter."
        )
    return why_missing(logs, message)


def loose_text(logs: Logs) -> str:
    """A sentence on what stands in the stream instead of records."""
    if not logs.lines:
        return (
            " Nothing was written: is logging configured when the factory runs, and does it write to stdout or stderr?"
        )
    error = logging_error(logs.lines)
    return f" {error}" if error else ""


def logging_error(lines: list[str]) -> str:
    """A sentence on the error that a handler of the standard library made while it wrote; empty when there is none."""
    if not any(line.startswith("--- Logging error ---") for line in lines):
        return ""
    before = [earlier for earlier, line in zip(lines, lines[1:], strict=False) if line.startswith("Call stack:")]
    if before and "LogRecord is not JSON" in before[0]:
        return (
            "The handler failed while it wrote a record: `ProcessorFormatter` puts the LogRecord into the event. "
            "`ProcessorFormatter.remove_processors_meta`, before the renderer, takes it out; the chain belongs in `foreign_pre_chain`."
        )
    said = f", with `{before[0][:160]}`" if before else ""
    return f"The handler failed while it wrote a record{said}. The traceback below “--- Logging error ---” in the stream says where."


def why_line(line: str) -> str:
    """Why this line is no JSON object."""
    text = re.sub("\x1b\\[[0-9;]*m", "", line)
    if re.search(r"\[(debug|info|warning|error|critical) *\]", text):
        return (
            "structlog writes for a terminal here: it renders JSON only when its processors end in a JSON renderer and "
            "`structlog.configure` ran before the first event."
        )
    if re.match(r"(DEBUG|INFO|WARNING|ERROR|CRITICAL):[\w.]+:", text):
        return "`logging.basicConfig` writes sentences: give the handler a formatter that writes JSON."
    if re.search(r"\b(NaN|-?Infinity)\b", text) and text.startswith("{"):
        return "`NaN` and `Infinity` are no JSON, although Python writes and reads them: use `allow_nan=False` and replace them."
    if text.startswith("{'"):
        return "The line is a Python dict, not JSON: write it with `json.dumps`."
    if re.match(r"\s+[\"}\]]", text) or (text.startswith("{") and not text.rstrip().endswith("}")):
        return "The object is spread over several lines (or cut): one record is one line, without `indent`."
    if text.startswith("{"):
        return (
            "The line looks like JSON and is none: a template put it together. Let `json.dumps` write the whole object."
        )
    return "The line is text, not a JSON object: the logger that wrote it does not pass your renderer."


def why_stray(lines: list[str]) -> str:
    """Why there are lines in the stream that are no JSON objects."""
    plain = [re.sub("\x1b\\[[0-9;]*m", "", line) for line in lines]
    if error := logging_error(plain):
        return error
    if any(re.match(r"(INFO|WARNING|ERROR): {2,}", line) for line in plain):
        if all(' - "' in line for line in plain if re.match("INFO: ", line)) and plain[0].startswith("INFO: "):
            return "uvicorn's access log still has its own handler: empty `uvicorn.access` too, not only `uvicorn`."
        return "uvicorn still writes through its own handlers: empty those of `uvicorn` and `uvicorn.access`, and let them propagate to root."
    if any(re.match(r".*:\d+: \w*Warning: ", line) for line in plain):
        return "Python's warnings are text on stderr: `logging.captureWarnings(True)` makes records of them."
    if any(line.startswith("Traceback (most recent call last)") for line in plain):
        return (
            "A traceback stands in the stream as text, one line after another: a formatter must put it into the record; the standard "
            "library's appends it after the message."
        )
    return why_line(plain[0]) if plain else ""


def why_fields(got: list[Record], wanted: list[Record]) -> str:
    """Why the fields of an event are not those that were logged."""
    if any(value is None for record in got for value in record.values()):
        return (
            "Fields are missing at the top level of the record: they are dropped, or nested under another key (`extra`, `fields`), or in "
            "the message only. They belong beside `message`."
        )
    if [{name: str(value) for name, value in record.items()} for record in got] == [
        {name: str(value) for name, value in record.items()} for record in wanted
    ]:
        return "Numbers came out as text: hand the values to the JSON encoder as they are, so that `amount > 5000` can be asked."
    return "The fields carry other values than the event was logged with."


def why_sender(got: Record, wanted: Record) -> str:
    """Why service, version or environment are wrong."""
    names = [name for name in wanted if got[name] != wanted[name]]
    if all(got[name] is None for name in names):
        return f"The record lacks {', '.join(f'`{name}`' for name in names)}: add what the environment says to every record."
    return (
        f"{', '.join(f'`{name}`' for name in names)} is not what the environment says now: read `SERVICE_NAME`, `APP_VERSION` and "
        "`ENVIRONMENT` when logging is configured or later, not when the module is imported, and don't write them down in the code."
    )


def why_below(records: list[Record]) -> str:
    """Why there are records below the threshold."""
    if any(str(record.get("logger")).startswith("uvicorn") for record in records):
        return (
            "uvicorn's loggers come with a level of their own, INFO, and root's level is not asked when a logger has one: "
            "`setLevel(logging.NOTSET)` for them, or a level on the handler."
        )
    return "Records below `LOG_LEVEL` were written: give the root logger the level from the environment."


def why_no_stack(record: Record) -> str:
    """Why a record of an exception has no traceback as text."""
    for name in ("exception", "exc_text", "traceback", "error.stack"):
        if name in record:
            return f"The traceback is in `{name}`; the contract calls it `stack`, and it is text."
    if record.get("exc_info") is True:
        return '`"exc_info": true` is what is left when no processor renders the exception: turn it into `stack`.'
    if "exc_info" in record:
        return "`exc_info` was written as it is: turn it into `stack`, as text."
    if isinstance(record.get("stack"), (list, dict)):
        return "`stack` is a structure; the contract wants the traceback as text, which error tracking can group."
    if isinstance(record.get("stack"), str):
        return "`stack` has the exception's text only: the whole traceback belongs there, `traceback.format_exception`."
    return "The record tells of an exception and has no `stack`: render `exc_info` (`True`, an exception or a triple) into it."


def why_leaked(logs: Logs, leaked: dict[str, str]) -> str:
    """How a local variable or a card number got into the stream."""
    if "a local variable" not in leaked and any(
        "payment_failed" in line for line in logs.lines if leaked["the card number"] in line
    ):
        return (
            "The card number is in `payment_failed`, and no local variable of the crash is: it is a field of the event, or part of the "
            "exception's text, in which its traceback ends."
        )
    if any(
        value in line and "Traceback" not in line and "stack" not in line
        for value in leaked.values()
        for line in logs.lines
    ):
        return "A request's body is in the log, card number included. Never log bodies: what you did not read, you did not redact."
    return (
        "The traceback was rendered with the local variables of its frames, and so are keys, tokens and card numbers: turn that "
        "off (`show_locals=False`, `capture_locals=False`) or let `traceback.format_exception` write it."
    )


def why_crossed(records: list[Record]) -> str:
    """Why records carry other requests' ids."""
    if all("n" not in record for record in records):
        return "The records came without their field `n`, the number in the path, so nobody can tell which request they are of."
    if all(record.get("correlation_id") is None for record in records):
        if {record["message"] for record in records} == {"thread_done"}:
            return (
                "Records from worker threads have no id: `threading.local` and the like stay behind in the thread that set them. A "
                "`ContextVar` goes along into the threads that FastAPI uses."
            )
        return "The records have no id when requests run together: the first one to end takes it away from all."
    return (
        "Requests that run together overwrite each other's id: it is kept in a global, in a `threading.local` or on a shared object, and on an "
        "event loop all requests share one thread. A `ContextVar` has a value per request."
    )


def odd_record(logs: Logs, message: str) -> Record:
    """The record of a drill with odd values; the cause when it is no strict JSON."""
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


def why_odd(logs: Logs) -> str:
    """Why logging odd values failed the request."""
    logs.complete()
    if "Out of range float" in logs.text:
        return (
            "The log call raised, and the request failed with it: NaN is a float, and JSON has none. Replace what is not "
            "`math.isfinite` by text or `null`."
        )
    return (
        "The log call raised, and the request failed with it: the JSON encoder met a type it does not know. Give it a `default=` "
        "that turns the value into text."
    )


def why_hostile(logs: Logs) -> str:
    """Why logging hostile values failed the request."""
    logs.complete()
    if "this object can't be shown" in logs.text:
        return (
            "An object's `repr` raised inside the log call, and the request failed with it: the conversion to text stands in a "
            "`try`, with the type's name as the last resort."
        )
    if "Out of range float" in logs.text:
        return "An infinity inside a list reached the encoder, and it refused: look at floats at every depth (`math.isfinite`)."
    if re.search("Circular reference|RecursionError|recursion depth", logs.text):
        return "A list that contains itself sent the encoder round and round: remember which containers you are in, or stop at some depth."
    if "keys must be" in logs.text:
        return "A dict with a tuple as a key made the encoder raise: `default=` is not asked for keys; make them text yourself."
    return "The log call raised, and the request failed with it: an encoder needs a last resort."
