"""What goes between the judge and the process that holds its backing services: lines of JSON with plain values.

A value is None, a truth, a number, a text, bytes, or a list or dictionary with texts as keys of such; bytes travel as
base64. Each line is bounded, and what is decoded is checked before anybody uses it.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

__all__ = ["MAX_LINE", "Ask", "Ready", "Told", "Verdict", "Wanted", "decode", "encode", "pack", "unpack"]

MAX_LINE = 64 * 1024 * 1024  # bytes
_BYTES = "base64"


@dataclass(frozen=True, slots=True)
class Ready:
    """From the child, once: where its servers listen."""

    urls: dict[str, str]  # by kind


@dataclass(frozen=True, slots=True)
class Ask:
    """From the judge: call a method of a backing service, or read one of its values."""

    number: int  # of this question, for its answer
    kind: str
    method: str
    arguments: Any  # packed


@dataclass(frozen=True, slots=True)
class Told:
    """From the child: what an Ask came to."""

    number: int
    value: Any = None  # packed
    error: str = ""  # a sentence; empty when there is a value
    error_type: str = ""  # the name of an exception of sqlite3's; empty for any other


@dataclass(frozen=True, slots=True)
class Wanted:
    """From the child, while a command may be held: a command that has arrived. It waits for a Verdict."""

    number: int
    words: list[str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """From the judge: whether the command is the one to hold."""

    number: int
    hold: bool


_MESSAGES = {message.__name__: message for message in (Ready, Ask, Told, Wanted, Verdict)}
_FIELDS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "Ready": {"urls": dict},
    "Ask": {"number": int, "kind": str, "method": str, "arguments": list},
    "Told": {"number": int, "error": str, "error_type": str},
    "Wanted": {"number": int, "words": list},
    "Verdict": {"number": int, "hold": bool},
}


def encode(message: Ready | Ask | Told | Wanted | Verdict) -> bytes:
    """One line."""
    name = type(message).__name__
    fields = {key: getattr(message, key) for key in type(message).__dataclass_fields__}
    return json.dumps({name: fields}, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes, *expected: type) -> Any:
    """The message in a line. Raises ValueError when it is not one of those that are expected here."""
    try:
        ((name, fields),) = json.loads(line).items()
        kind = _MESSAGES[name]
        if kind not in expected or not all(isinstance(fields[key], types) for key, types in _FIELDS[name].items()):
            raise ValueError(name)
        return kind(**fields)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ValueError("a line that is not one of the messages expected here") from None


def pack(value: Any) -> Any:
    """A value as JSON can hold it. Raises TypeError for anything that is not plain data."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case bytes():
            return {_BYTES: base64.b64encode(value).decode("ascii")}
        case list() | tuple():
            return [pack(item) for item in value]
        case dict():
            return {"": {str(key): pack(item) for key, item in value.items()}}
        case _:
            raise TypeError(f"{type(value).__name__} is not plain data")


def unpack(value: Any) -> Any:
    """The opposite of `pack`. Raises ValueError when it was not packed so."""
    match value:
        case list():
            return [unpack(item) for item in value]
        case {"base64": str(text)} if len(value) == 1:
            return base64.b64decode(text, validate=True)
        case {"": dict(items)} if len(value) == 1:
            return {key: unpack(item) for key, item in items.items()}
        case dict():
            raise ValueError("a dictionary that was not packed")
        case _:
            return value
