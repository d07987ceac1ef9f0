"""Messages between two processes: frozen dataclasses, each sent as one line of JSON.

    {"message": "Start", "env": {"LOG_LEVEL": "INFO"}}

A pair of processes has one module with its messages, which both ends import. `decode` takes nothing for granted: what a
line holds has the types that the dataclass declares, and its `__post_init__` may refuse more, such as a number out of
bounds. A field is text, bytes, a number, a truth value, None, an enum, a dataclass, or one of several of these; or a
list, a tuple (`tuple[kind, ...]`) or a dict (with text as keys) of them.
"""

from __future__ import annotations

import base64
import contextlib
import json
import types
import typing
from dataclasses import MISSING, asdict, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar

__all__ = ["decode", "encode"]

Message = TypeVar("Message")


def encode(message: Any) -> bytes:  # Any: a dataclass, for which the standard library has no type
    """One line, with its end."""
    return json.dumps({"message": type(message).__name__, **asdict(message)}, default=_text).encode() + b"\n"


def decode(line: bytes | str, *kinds: type[Message]) -> Message:
    """The message in this line, which has to be of one of these kinds. Raises ValueError for anything else."""
    try:
        data = _object(json.loads(line), "a message")
    except RecursionError:
        raise ValueError("a message is nested too deeply") from None
    name = data.pop("message", None)
    for kind in kinds:
        if kind.__name__ == name:
            message: Message = _dataclass(kind, data)
            return message
    raise ValueError(f"{str(name)[:40]!r} is not a message that is expected here")


def _text(value: object) -> str:
    """Bytes as text, since JSON has no bytes. Raises TypeError for anything else that JSON does not have."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(f"{type(value).__name__} can't be part of a message")


def _object(data: object, what: str) -> dict[str, Any]:
    if isinstance(data, dict):
        return data
    raise ValueError(f"{what} is a JSON object")


def _dataclass(kind: Any, data: dict[str, Any]) -> Any:
    declared = _declared(kind)
    for name, (_, required) in declared.items():
        if required and name not in data:
            raise ValueError(f"{kind.__name__} lacks {name}")
    if unknown := data.keys() - declared.keys():
        raise ValueError(f"{kind.__name__} has no field {min(unknown)[:40]!r}")
    return kind(**{name: _value(declared[name][0], value) for name, value in data.items()})


@cache
def _declared(kind: Any) -> dict[str, tuple[Any, bool]]:
    """A dataclass's fields: the type of each, and whether it has to be given."""
    hints = typing.get_type_hints(kind)
    return {
        field.name: (hints[field.name], field.default is MISSING and field.default_factory is MISSING)
        for field in fields(kind)
    }


def _value(declared: Any, value: Any) -> Any:
    """The value as its declared type. Raises ValueError when it is not of that type."""
    if declared in (Any, object, type(value)) or (declared is float and type(value) is int):
        return value
    origin, arguments = typing.get_origin(declared), typing.get_args(declared)
    if origin in (typing.Union, types.UnionType):
        return _first(arguments, value)
    if origin in (list, tuple) and isinstance(value, list):
        return origin(_value(arguments[0], item) for item in value)
    if origin is dict and isinstance(value, dict):
        return {name: _value(arguments[1], item) for name, item in value.items()}
    if is_dataclass(declared) or declared is bytes:
        return _bytes(value) if declared is bytes else _dataclass(declared, _object(value, str(declared)))
    if isinstance(declared, type) and issubclass(declared, Enum):
        return declared(value)
    raise ValueError(f"{str(value)[:40]!r} is not of the type {declared}")


def _bytes(value: object) -> bytes:
    if isinstance(value, str):
        return base64.b64decode(value, validate=True)
    raise ValueError("bytes are sent as text in base64")


def _first(declared: tuple[Any, ...], value: Any) -> Any:
    """The value as the first of several types that it fits."""
    for one in declared:
        with contextlib.suppress(ValueError):
            return _value(one, value)
    raise ValueError(f"{str(value)[:40]!r} is of none of the types that are declared")
