"""How responses, records and rows are read, compared and shown."""

from __future__ import annotations

from labs.judge import Logs


def crashed(logs: Logs) -> str:
    """The log with the tracebacks, which are written after the answer."""
    logs.complete()
    return logs.text


def locked(logs: Logs) -> str:
    if "database is locked" not in crashed(logs):
        return ""
    return (
        "A transaction was refused (`database is locked`): it had read, somebody else wrote, and then it wanted to write, too. One that is going "
        "to write begins with `BEGIN IMMEDIATE`, or with its write; two sessions in one request wait for each other in vain."
    )
