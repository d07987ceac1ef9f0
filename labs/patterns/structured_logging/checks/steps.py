"""How records are found in the log, some of which are written late, and how a time is judged."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from labs.judge import CheckFailed, Logs

from .causes import why_missing
from .reading import Record, loose_text, relevant


def find(logs: Logs, wanted: Callable[[Record], Any], count: int, *, quiet: bool = False) -> list[Record]:
    """The records that `wanted` says yes to, `count` or more; waits a moment, then for the end of the stream.

    Fails when there are fewer, unless it is to be `quiet`: then it returns what there is.
    """

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
    cause: Callable[[Logs, str], str] = why_missing,
) -> Record:
    """The one record with this message, which `what` describes otherwise; `cause` says why when there is none."""
    found = find(logs, lambda record: record.get("message") == message, 1, quiet=True)
    if len(found) == 1:
        return found[0]
    what = what or f'"message": "{message}"'
    if found:
        raise CheckFailed(
            "One event was written more than once: two handlers, or a handler and `print`, write the same record.",
            expected=f"one record with {what}",
            got="\n".join(line for line in logs.lines if message.partition("\n")[0] in line),
        )
    raise CheckFailed(cause(logs, message), expected=f"a record with {what}", got=relevant(logs, message))


def assert_time(value: Any, before: datetime, after: datetime, field: str = "timestamp") -> None:
    """Fail unless `value` is ISO 8601 with an offset, between the two moments give or take a second."""
    expected = f"{before.isoformat(timespec='seconds')} or so"
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise CheckFailed(f"`{field}` is not an ISO 8601 time.", expected=expected, got=value) from None
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
