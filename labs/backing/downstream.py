"""Another team's HTTP service, scripted: what it answers, when it fails, and what it was asked."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from labs.backing.faults import Connection, TcpBacking, TcpServer, reset

__all__ = ["Downstream", "Received", "ScriptedReply"]

MAX_BODY = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ScriptedReply:
    """What the downstream answers: a status, a JSON body (or raw bytes, or none), headers, and how long it takes."""

    status: int = 200
    json: Any = None
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0  # seconds until it answers
    drip: float = 0.0  # seconds before each byte of the body: always something, never enough
    reset: bool = False  # break the connection instead of answering

    def content(self) -> bytes:
        """The body's bytes."""
        if self.body is not None:
            return self.body
        return b"" if self.json is None else json.dumps(self.json).encode()


@dataclass(slots=True)
class Received:
    """One call that arrived: when (time.monotonic seconds), what, and what it was answered with."""

    at: float
    method: str
    path: str
    headers: dict[str, str]  # names in lower case; the last value of a repeated header
    body: bytes
    status: int = 0  # 0: the connection was broken instead

    def __str__(self) -> str:
        lines = [f"{self.method} {self.path}", *(f"{name}: {value}" for name, value in self.headers.items())]
        return "\n".join([*lines, "", self.body[:2000].decode("utf-8", "backslashreplace")]).rstrip()


class Downstream(TcpBacking):
    """An HTTP server on a port of 127.0.0.1 that answers as told.

    `script(replies)` queues answers, for all calls or for those of one path; when the queue is empty `default` answers.

    Faults, each undone by `up()`:
      down()               connections are refused or broken
      hang()               requests are taken and never answered
      slow(seconds)        every answer takes that much longer
      fail(times, status)  the next calls are answered with this status
    """

    def __init__(self) -> None:
        super().__init__(_Server(self))
        self.url = f"http://127.0.0.1:{self.port}"
        self.calls: list[Received] = []
        self.default = ScriptedReply(json={"status": "ok"})
        self._queue: list[ScriptedReply] = []
        self._by_path: dict[str, list[ScriptedReply]] = {}
        self._failures: list[ScriptedReply] = []  # answered before the script goes on
        self._lock = threading.Lock()
        self._arrived = threading.Condition()
        self._script_over = threading.Event()
        self._serve("labs-downstream")

    def script(self, *replies: ScriptedReply, path: str = "") -> None:
        """Answer the next calls with these, in order; with `path`, only calls of that path (as sent, with query)."""
        with self._lock:
            queue = self._by_path.setdefault(path, []) if path else self._queue
            queue += replies

    def wait_for_calls(self, count: int, timeout: float = 2.0) -> Sequence[Received]:
        """Wait until this many calls have arrived; what has arrived by then."""
        with self._arrived:
            self._arrived.wait_for(lambda: len(self.calls) >= count, timeout)
            return list(self.calls)

    def fail(self, times: int, status: int = 503) -> None:
        """Answer the next calls with an error."""
        with self._lock:
            self._failures = [ScriptedReply(status, json={"error": "UNAVAILABLE"})] * times

    def up(self) -> None:
        """End every fault. The script goes on where it was."""
        self._failures = []
        super().up()

    def _forget(self) -> None:
        with self._lock:
            self._queue.clear()
            self._by_path.clear()
            self._script_over.set()
            self._script_over = threading.Event()
        self.calls = []
        self.default = ScriptedReply(json={"status": "ok"})

    def close(self) -> None:
        """Stop the server."""
        super().close()
        self._script_over.set()

    def _take(self, call: Received) -> ScriptedReply:
        with self._arrived:
            self.calls.append(call)
            self._arrived.notify_all()
        with self._lock:
            queue = self._failures or self._by_path.get(call.path) or self._queue
            reply = queue.pop(0) if queue else self.default
            script_over = self._script_over
        self._hold_up()
        if reply.delay:
            script_over.wait(reply.delay)
        call.status = 0 if reply.reset or self._server.refuses else reply.status
        return reply


class _Server(TcpServer, ThreadingHTTPServer):
    def __init__(self, owner: Downstream) -> None:
        self.owner = owner
        super().__init__(("127.0.0.1", 0), _Handler)

    def server_bind(self) -> None:
        # HTTPServer looks its own name up in DNS here; nobody needs it.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]


class _Handler(Connection, BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    disable_nagle_algorithm = True

    def _answer(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = Received(time.monotonic(), self.command, self.path, headers, self._read_body())
        reply = self.server.owner._take(call)
        if not call.status:
            reset(self.connection)
            self.close_connection = True
            return
        body = reply.content()
        head = {"content-type": "application/json", **reply.headers, "content-length": str(len(body))}
        self.send_response(reply.status)
        for name, value in head.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self._write(body, reply.drip)

    def _write(self, body: bytes, drip: float) -> None:
        if not drip:
            self.wfile.write(body)
            return
        script_over = self.server.owner._script_over
        for byte in body:
            if script_over.wait(drip):
                return
            self.wfile.write(bytes([byte]))

    def _read_body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            length = self.headers.get("content-length", "0")
            return self.rfile.read(min(int(length), MAX_BODY) if length.isdigit() else 0)
        body = b""
        while (size := int(self.rfile.readline(32).partition(b";")[0], 16)) and len(body) + size <= MAX_BODY:
            body += self.rfile.read(size + 2)[:-2]
        while self.rfile.readline(1024).strip():
            pass  # trailers
        return body

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _answer

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: the judge keeps its own record."""
