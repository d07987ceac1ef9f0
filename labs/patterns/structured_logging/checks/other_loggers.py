"""Everybody else's loggers: records of libraries and of the server are like the service's own, each of them once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from labs.judge import Logs

from .causes import why_below, why_no_library, why_stray
from .reading import Record
from .steps import assert_time, find, one

# The fields that every record has.
STANDARD = ("timestamp", "status", "message", "logger", "service", "version", "environment")


@pytest.mark.check(
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
        "The record lacks only its logger's own name: `structlog.stdlib.add_logger_name`, first in "
        "`foreign_pre_chain`, adds it."
        if only_the_name
        else (
            "The library's record did not get the standard fields. Other loggers' records reach only the handler's "
            "formatter: it has to put them through the same chain (`foreign_pre_chain`)."
        )
    )
    assert_time(record.get("timestamp"), before, datetime.now(UTC))


@pytest.mark.check(level="medium", after="test_library_records_are_json")
def test_server_lines_are_json(service, logs, fresh):
    """Start-up, access and shutdown lines of the server are records, too: there is no other line in the stream."""
    path = f"/orders/{fresh.number(100_000, 999_999)}"
    service.get(path)
    service.post("/drills/library", {"level": "info", "message": f"probe {fresh.token()}"})
    find(logs, lambda record: path in str(record), 1, quiet=True)
    logs.complete()
    assert logs.strays[:5] == [], why_stray(logs.strays)
    assert [missing_fields(record) for record in started(logs)[:1]] == [[]], (
        "uvicorn says “Application startup complete.” when it starts; that record is gone or lacks standard fields. "
        "Take its handlers away and let it propagate to root; don't silence it: it is also the one that reports "
        "crashes."
    )
    access = [record for record in logs.records if path in str(record)]
    assert access != [], (
        f"No record tells of `GET {path}`. uvicorn writes its access log only when `uvicorn.access` has a handler "
        "somewhere above it: it comes with `propagate = False`, so without a handler of its own it falls silent."
    )


@pytest.mark.check(level="medium", after="test_server_lines_are_json")
def test_each_record_once(service, logs, fresh):
    """Each record is written once, whoever wrote it."""
    path = f"/orders/{fresh.number(100_000, 999_999)}"
    library, own = f"probe {fresh.token()}", f"probe_{fresh.token()}"
    service.get(path)
    service.post("/drills/library", {"level": "error", "message": library})
    service.post("/drills/log", {"level": "error", "message": own, "fields": {}})
    one(logs, own)
    logs.complete()
    access = [record for record in logs.records if path in str(record)]
    by_server = [record for record in access if str(record.get("logger", "")).startswith("uvicorn")]
    got = {
        "your own event": sum(own in str(record.get("message")) for record in logs.records),
        "the library's": sum(library in str(record.get("message")) for record in logs.records),
        "uvicorn's start-up": len(started(logs)),
        "uvicorn's access line": min(len(by_server), 2),
    }
    # An access log of the service's own may stand in for uvicorn's.
    wanted = dict.fromkeys(got, 1) | {"uvicorn's access line": min(len(by_server), 1)}
    assert got == wanted, (
        "A record that passes two handlers is written twice. Attach the handler once, to root; a logger that "
        "propagates needs none of its own (uvicorn's `uvicorn` and `uvicorn.access` come with one each)."
    )


@pytest.mark.check(level="medium", after="test_library_records_are_json")
def test_level_holds_for_everybody(service, logs, fresh):
    """LOG_LEVEL holds for libraries and for the server, too."""
    service.start(LOG_LEVEL="INFO")
    quiet, loud = f"probe {fresh.token()}", f"probe {fresh.token()}"
    service.post("/drills/library", {"level": "debug", "message": quiet})
    service.post("/drills/library", {"level": "info", "message": loud})
    one(logs, loud, "a library's record at `info`, with `LOG_LEVEL` at INFO")
    logs.complete()
    assert len(logs.having(message=quiet)) == 0, (
        "A library's debug record was written although `LOG_LEVEL` is INFO: give the root logger the level from the "
        "environment."
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


def started(logs: Logs) -> list[Record]:
    """The records with which the server says that it has started."""
    return [record for record in logs.records if str(record.get("message")).startswith("Application startup complete")]


def missing_fields(record: Record) -> list[str]:
    """The standard fields that a record lacks."""
    return [name for name in STANDARD if not isinstance(record.get(name), str) or not record[name]]
