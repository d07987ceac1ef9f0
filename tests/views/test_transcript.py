"""HTTP messages, taken apart for the transcript."""

from __future__ import annotations

from labs.views.transcript import Message


def test_messages_are_taken_apart() -> None:
    message = Message.parse("HTTP/1.1 404\r\nX-A: b:c\r\nodd\r\n\r\nbody\r\n\r\nmore")
    assert message == Message("404 Not Found", (("X-A", "b:c"), ("odd", "")), "body\r\n\r\nmore")
    assert Message.parse("") == Message("", (), "")
