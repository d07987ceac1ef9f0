"""What goes between the judge and the process that holds its backing services, as `labs.service.messages` sends it.

A packed value stands for None, a truth, a number, a text, bytes, or a list or dictionary (with texts as keys) of such;
bytes travel as base64. Each line is bounded, and what is decoded is checked before anybody uses it.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from labs.service.messages import decode, encode

__all__ = [
    "FROM_CHILD",
    "MAX_LINE",
    "TO_CHILD",
    "Ask",
    "Ready",
    "Told",
    "Verdict",
    "Wanted",
    "decode",
    "encode",
    "pack",
    "unpack",
]

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
    arguments: list[Any]  # packed


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


ToChild = Ask | Verdict
TO_CHILD: tuple[type[ToChild], ...] = (Ask, Verdict)
FromChild = Told | Wanted
FROM_CHILD: tuple[type[FromChild], ...] = (Told, Wanted)


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
    """The value that `pack` made this of. Raises ValueError for anything else."""
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
