"""The service's log stream as the checks see it: lines, records, and a wait for what is still to come."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from labs.judge.errors import CheckFailed
from labs.judge.service import ServiceUnderTest

__all__ = ["Logs", "last_exception", "parse_record"]


def parse_record(line: str) -> dict[str, Any] | None:
    """One log line as a JSON object, read strictly (RFC 8259: NaN and Infinity are not JSON); None for other lines."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    try:
        record = json.loads(line, parse_constant=refuse)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


_EXCEPTION = re.compile(r"^((?:[A-Za-z_]\w*\.)*[A-Z]\w*)(?:: (.*))?$")


def last_exception(lines: Sequence[str]) -> str:
    """The last line of the last traceback in these log lines, such as "KeyError: 'SERVICE'"; empty without one."""
    text = "\n".join(_with_stacks(line) for line in lines)
    _, found, after = text.rpartition("Traceback (most recent call last)")
    for line in after.split("\n")[1:] if found else ():
        if _EXCEPTION.match(line):
            return line[:200].replace("`", "'")
    return ""


def _with_stacks(line: str) -> str:
    record = parse_record(line)
    return line if record is None else "\n".join(value for value in record.values() if isinstance(value, str))


class Logs:
    """What the service wrote to stdout and stderr since it was started."""

    def __init__(self, service: ServiceUnderTest) -> None:
        self._service = service

    @property
    def lines(self) -> list[str]:
        """The lines so far, without blank ones."""
        return [line for line in self._service.host.stream.lines if line.strip()]

    @property
    def text(self) -> str:
        """All of it so far, as one string."""
        return "\n".join(self._service.host.stream.lines)

    @property
    def records(self) -> list[dict[str, Any]]:
        """The lines so far that are strict JSON objects."""
        return [record for line in self.lines if (record := parse_record(line)) is not None]

    @property
    def strays(self) -> list[str]:
        """The lines so far that are not strict JSON objects."""
        return [line for line in self.lines if parse_record(line) is None]

    def complete(self) -> list[dict[str, Any]]:
        """Stop the service, so that nothing more can come, and return every record."""
        self._service.stop()
        return self.records

    def having(self, **fields: Any) -> list[dict[str, Any]]:
        """The records so far whose fields have these values."""
        return [record for record in self.records if all(record.get(name) == value for name, value in fields.items())]

    def wait_for(
        self, wanted: Callable[[dict[str, Any]], object], what: str, *, timeout: float = 2.0, cause: str = ""
    ) -> dict[str, Any]:
        """The first record that `wanted` says yes to; waits for it. Fails the check with `cause` when none comes."""

        def found(lines: list[str]) -> bool:
            return any(wanted(record) for line in lines if (record := parse_record(line)) is not None)

        self._service.host.stream.wait_for(found, timeout)
        for record in self.records:
            if wanted(record):
                return record
        shown = "\n".join(self.lines[-8:]) or "(nothing was written)"
        raise CheckFailed(
            cause or f"No log record with {what} was written.", expected=f"a record with {what}", got=shown
        )
