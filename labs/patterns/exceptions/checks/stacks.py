"""The stacks in the log: in JSON records of any shape, and as text over several lines."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from labs.judge import Logs, parse_record

_TRACEBACK = "Traceback (most recent call last)"
_CHAINED = ("During handling of the above exception", "The above exception was the direct cause")
_LEVEL = re.compile(r"\b(debug|info|warning|warn|error|critical|fatal)\b", re.IGNORECASE)
_COLOR = re.compile(r"\x1b\[[0-9;]*m")


class Failure(NamedTuple):
    """One record with a stack: a JSON line, or a traceback as text with the line above it."""

    text: str
    level: str  # in lower case; empty when the record has none
    by_server: bool  # uvicorn writes one of its own for what escapes the app


def failures(logs: Logs) -> list[Failure]:
    """Every record with a stack, in order."""
    found: list[Failure] = []
    lines = [_COLOR.sub("", line) for line in logs.lines]
    position, free = 0, 0  # lines before `free` belong to an earlier record
    while position < len(lines):
        record = parse_record(lines[position])
        if record is not None:
            found += _in_record(record, lines[position])
            position = free = position + 1
        elif _TRACEBACK in lines[position]:
            start, end = _start_of_record(lines, position, free), _end_of_traceback(lines, position)
            level = _LEVEL.search(lines[start].partition(_TRACEBACK)[0])
            text = "\n".join(lines[start:end])
            found.append(Failure(text, level[1].lower() if level else "", _by_server(text)))
            position = free = end
        else:
            position += 1
    return found


def written_by_the_service(logs: Logs) -> str:
    """The end of the log, without what the server says of itself and of the crash."""
    text = "\n".join(_COLOR.sub("", line) for line in logs.lines)
    for failure in failures(logs):
        if failure.by_server:
            text = text.replace(failure.text, "")
    lines = [line for line in text.split("\n") if line.strip() and not line.startswith("INFO: ")]
    return "\n".join(lines[-12:]) or "(the service wrote nothing)"


def _in_record(record: dict[str, Any], line: str) -> list[Failure]:
    """The stack in a JSON record, if there is one."""
    text = _flat(record)
    if _TRACEBACK not in text and '"frames"' not in line and not re.search(r'File "[^"]+", line \d+', text):
        return []
    names = [name for name in ("status", "level", "levelname", "severity") if name in record]
    level = str(record[names[0]]).lower() if names else ""
    return [Failure(text, level, _by_server(text) or str(record.get("logger", "")).startswith("uvicorn"))]


def _start_of_record(lines: list[str], position: int, free: int) -> int:
    """The number of the line with the level above a traceback at `position`: at most three lines up, from `free` on."""
    start = position
    while start > free and position - start < 3 and not _LEVEL.search(lines[start].partition(_TRACEBACK)[0]):
        start -= 1
    return start


def _end_of_traceback(lines: list[str], position: int) -> int:
    """The number of the line after a traceback that begins at `position`, with the ones that it is chained to."""
    if "\\n" in lines[position].partition(_TRACEBACK)[2]:
        return position + 1  # all of it on one line
    position += 1
    while position < len(lines) and lines[position][:1].isspace():
        position += 1
    position += 1  # the exception itself
    if position < len(lines) and lines[position].startswith(_CHAINED):
        return _end_of_traceback(lines, position + 1)
    return min(position, len(lines))


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(_flat(item) for item in value.values())
    if isinstance(value, list):
        return "\n".join(_flat(item) for item in value)
    return str(value)


def _by_server(text: str) -> bool:
    return "Exception in ASGI application" in text
