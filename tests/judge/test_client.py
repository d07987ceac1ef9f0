"""Services that misbehave on the wire: each is a verdict within its deadline, never an error of ours."""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
import socket
import sys
import threading
import time

import pytest

from labs.judge.client import MAX_BODY, Request, exchange
from labs.judge.run import run_checks
from labs.service import LogStream


class RawService:
    """A host whose service answers each request with these bytes, whatever they are."""

    def __init__(self, chunks, *, pause=0.0, read=True, reset=False):
        self.stream = LogStream()
        self.incidents = []
        self.chunks, self.pause, self.read, self.reset = chunks, pause, read, reset
        self.stopped = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                if self.read:
                    self._read_request(connection)
                for chunk in self.chunks() if callable(self.chunks) else self.chunks:
                    connection.sendall(chunk)
                    if self.pause and self.stopped.wait(self.pause):
                        break

    def _read_request(self, connection):
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65536)

    def start(self, env):
        return self.url

    def stop(self):
        pass

    def close(self):
        self.stopped.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)


@pytest.fixture
def raw():
    made = []

    def make(*chunks, **options):
        made.append(RawService(chunks[0] if callable(chunks[0]) else chunks, **options))
        return made[-1]

    yield make
    for service in made:
        service.close()


@pytest.fixture
def pattern(tmp_path, write_checks, demo_lab):
    """A lab with one check that asks once, patient for half a second."""
    shutil.copy(demo_lab.folder / "lesson.md", tmp_path)
    source = """
def test_answer(service):
    answer = service.get("/", deadline=0.5)
    assert answer.json == {"status": "ok"}, "Wrong."
"""
    made = write_checks(tmp_path, greet=source)
    assert made.exercises  # reading a lesson.md takes its time, once
    return made


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


def with_length(body):
    return HEAD + b"content-length: %d\r\n\r\n" % len(body) + body


def endless():
    yield HEAD + b"\r\n"
    yield from itertools.repeat(b"x" * 65536)


def endless_head():
    yield HEAD
    yield from (b"x-%d: y\r\n" % number for number in itertools.count())


def informational():
    yield from itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


@pytest.mark.parametrize(
    ("chunks", "options", "cause"),
    [
        ((b"SSH-2.0-OpenSSH_9.2\r\n",), {}, "The response is not valid HTTP"),
        ((b"\x00\xff" * 5000,), {}, "The response is not valid HTTP"),
        ((b"",), {}, "The connection was closed without a response."),
        ((HEAD,), {}, "The response is not valid HTTP"),
        ((with_length(b'{"status": "ok"}')[:-3],), {}, "broke off"),
        ((endless,), {}, f"The response's body is larger than {MAX_BODY // 1024} KiB."),
        ((endless_head,), {}, "The response is not valid HTTP"),
        ((HEAD + b"x: " + b"y" * 200_000 + b"\r\n\r\n",), {}, "The response is not valid HTTP"),
        (tuple(bytes([byte]) for byte in with_length(b"{}")), {"pause": 0.05}, "No response within 0.5 s."),
        (
            (HEAD, b""),
            {"pause": 5},
            "No response within 0.5 s. Something in the handler blocks or waits for ever",
        ),
        ((informational,), {"pause": 0.01}, "No response within 0.5 s."),
        ((with_length(b"Internal Server Error"),), {}, "a body that is not JSON"),
        ((with_length(b"[" * 100_000),), {}, "a body that is not JSON"),
        ((with_length(b'{"status": "\xff"}'),), {}, "a body that is not JSON"),
        ((with_length(b"1" * 5000),), {}, "a body that is not JSON"),
        ((with_length(b"[" * 400 + b"]" * 400),), {}, "Wrong."),
        ((with_length(b"[" * 900 + b"]" * 900),), {}, ""),
        ((with_length(b'{"status": "\\ud800\\u0000"}'),), {}, "Wrong."),
        ((with_length(json.dumps({"k" * 1000: "v" * 100_000}).encode()),), {}, "Wrong."),
    ],
)
def test_whatever_comes_back_is_a_verdict_in_time(raw, pattern, chunks, options, cause):
    started = time.monotonic()
    report = run_checks(pattern, raw(*chunks, **options))
    assert time.monotonic() - started < 10
    (verdict,) = report.verdicts
    assert verdict.status == "failed"
    assert cause in verdict.cause
    assert len(verdict.cause) < 1000
    assert len(json.dumps(report.to_dict())) < 2_000_000
    assert sys.getrecursionlimit() >= 1000


def test_an_early_refusal_of_a_large_body_is_heard(raw):
    refusal = b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n"
    answer, record = exchange(raw(refusal).url, Request("POST", "/", body=b"x" * 8_000_000))
    assert (answer and answer.status, record.problem) == (413, "")


def test_a_request_is_sent_as_it_was_written(raw):
    seen = []

    class Recorder(RawService):
        def _read_request(self, connection):
            seen.append(connection.recv(65536))

    service = Recorder((with_length(b"{}"),))
    headers = [("X-Twice", "1"), ("X-Twice", b"\xff\xfe"), ("Host", "evil.example")]
    answer, record = exchange(service.url, Request("POST", "/a b", json={"n": 1}, headers=headers))
    service.close()
    assert answer.json == {}
    assert seen[0] == (
        b"POST /a b HTTP/1.1\r\naccept: application/json\r\nconnection: close\r\ncontent-type: application/json\r\n"
        b'content-length: 8\r\nX-Twice: 1\r\nX-Twice: \xff\xfe\r\nHost: evil.example\r\n\r\n{"n": 1}'
    )
    assert record.request.startswith("POST /a b HTTP/1.1\naccept")


def test_body_in_pieces():
    """A body with gaps arrives in pieces, and whole."""
    pieces = []

    class Recorder(RawService):
        def _read_request(self, connection):
            while b"".join(pieces)[-3:] != b"end":
                pieces.append(connection.recv(65536))

    service = Recorder((with_length(b"{}"),))
    assert exchange(service.url, Request("POST", "/", body=b"one two end", gaps=(4, 8)))[0].json == {}
    service.close()
    assert len(pieces) > 1
    assert b"".join(pieces).endswith(b"\r\n\r\none two end")


def test_length_is_not_announced_twice():
    """A chunked body ends itself; two announcements would be request smuggling, which servers refuse."""
    chunked = Request("POST", "/", body=b"0\r\n\r\n", headers={"Transfer-Encoding": "chunked"})
    assert b"content-length" not in dict(chunked.wire_headers("h"))


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    assert exchange(url, Request("GET", "/"))[1].problem == "The connection was refused: no service is listening."
