"""What the checks of several exercises do, and how they look at what came of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from labs.judge import CheckFailed, Logs

from .causes import why_missing
from .reading import Record, loose_text


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


def assert_time(value: Any, before: datetime, after: datetime, field: str = "timestamp") -> None:
    """Fail unless `value` is ISO 8601 with an offset, between the two moments give or take a second."""
    expected = f"{before.isoformat(timespec='seconds')} or so"
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise CheckFailed(f"`{field}` is no ISO 8601 time.", expected=expected, got=value) from None
    if moment.utcoffset() is None:
        raise CheckFailed(
            f"`{field}` has no offset, so nobody knows which hour it means: use an aware time, "
            '`datetime.now(UTC).isoformat()`, or `TimeStamper(fmt="iso", utc=True)`.',
            expected=expected,
            got=value,
        )
    if not before - timedelta(seconds=1) <= moment <= after + timedelta(seconds=1):
        raise CheckFailed(
            f"`{field}` is not the time of the event. A local time that is labelled as UTC is off by the zone; a time "
            "that was computed when logging was configured stands still.",
            expected=expected,
            got=value,
        )
