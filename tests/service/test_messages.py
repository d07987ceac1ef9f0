"""Messages between processes: what is sent arrives as it was, and nothing else gets in."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pytest

from labs.service.messages import decode, encode


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Spot:
    colour: Colour
    size: float = 1.0


@dataclass(frozen=True, slots=True)
class Paint:
    name: str
    count: int | None
    spots: tuple[Spot, ...] = ()
    env: dict[str, str | None] = field(default_factory=dict)
    dry: bool = False
    anything: Any = None

    def __post_init__(self):
        if self.count is not None and not 0 <= self.count < 100:
            raise ValueError(f"{self.count} is out of bounds")


@dataclass(frozen=True, slots=True)
class Stop:
    pass


@pytest.mark.parametrize(
    "message",
    [
        Paint("a", 3),
        Paint(
            "line\nbreak \ud800 ☃",
            None,
            (Spot(Colour.RED), Spot(Colour.BLUE, 0.5)),
            {"TZ": None, "A": ""},
            True,
            [1, {}],
        ),
        Stop(),
    ],
)
def test_what_was_sent_arrives(message):
    line = encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode(line, Stop, Paint) == message


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"", "Expecting value"),
        (b"\xff\xfe\xff", "decode"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "a message is a JSON object"),
        (b"{}", "'None' is not a message that is expected here"),
        (b'{"message": "Go"}', "'Go' is not a message that is expected here"),
        (b'{"message": ["Stop"]}', "is not a message that is expected here"),
        (b'{"message": "Stop", "now": true}', "Stop has no field 'now'"),
        (b'{"message": "Paint", "name": "a"}', "Paint lacks count"),
        (b'{"message": "Paint", "name": 1, "count": 1}', "'1' is not of the type <class 'str'>"),
        (b'{"message": "Paint", "name": "a", "count": true}', "'True' is of none of the types"),
        (b'{"message": "Paint", "name": "a", "count": 1.0}', "'1.0' is of none of the types"),
        (b'{"message": "Paint", "name": "a", "count": 100}', "100 is out of bounds"),
        (b'{"message": "Paint", "name": "a", "count": 1, "dry": 1}', "'1' is not of the type"),
        (b'{"message": "Paint", "name": "a", "count": 1, "env": []}', "is not of the type"),
        (b'{"message": "Paint", "name": "a", "count": 1, "env": {"A": 1}}', "is of none of the types"),
        (b'{"message": "Paint", "name": "a", "count": 1, "spots": {}}', "is not of the type"),
        (b'{"message": "Paint", "name": "a", "count": 1, "spots": [[]]}', "is a JSON object"),
        (
            b'{"message": "Paint", "name": "a", "count": 1, "spots": [{"colour": "pink"}]}',
            "'pink' is not a valid Colour",
        ),
        (b'{"message": "Paint", "name": "a", "count": 1, "spots": [{"colour": ["red"]}]}', "is not a valid Colour"),
    ],
)
def test_nothing_else_gets_in(line, says):
    with pytest.raises(ValueError, match=says):
        decode(line, Stop, Paint)


def test_a_message_that_is_not_expected_now_is_refused():
    with pytest.raises(ValueError, match="'Stop' is not a message that is expected here"):
        decode(encode(Stop()), Paint)


@dataclass(frozen=True, slots=True)
class Parcel:
    content: bytes


def test_bytes_come_as_they_were_sent_and_nothing_else_counts_as_bytes():
    assert decode(encode(Parcel(b"\x00\xff\n")), Parcel) == Parcel(b"\x00\xff\n")
    for content in ("@", "a", 1, None, [1]):
        with pytest.raises(ValueError, match=r"base64|padding|characters"):
            decode(json.dumps({"message": "Parcel", "content": content}), Parcel)
