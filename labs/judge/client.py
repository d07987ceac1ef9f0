"""The judge's HTTP client: exact on the wire, bounded in time and size, and quiet.

Not httpx: it logs each request through the standard library, which in a notebook would land in the learner's log
stream, and it has no overall deadline and no cap on what it reads.
"""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict
from urllib.parse import urlsplit

import h11

from labs.judge.errors import CheckFailed
from labs.judge.verdict import Exchange

__all__ = ["Options", "Request", "Response", "exchange"]

MAX_BODY = 256 * 1024  # bytes; no response of the contract comes near
MAX_HEAD = 64 * 1024
DEADLINE = 3.0  # seconds for a whole response
GAP = 0.03  # seconds between two pieces of a body, so that they arrive apart


Headers = Mapping[str, str | bytes] | Iterable[tuple[str, str | bytes]]


class Options(TypedDict, total=False):
    """What may be said about a request besides its method, its path and its JSON body: see `Request`."""

    body: bytes | None
    headers: Headers
    deadline: float
    partial: bool
    gaps: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. `headers` may be a list of pairs to repeat a name; values may be raw bytes.

    `partial`: accept a response that breaks off; `Response.complete` is false then.
    `gaps`: where in the body to pause, so that it arrives in pieces.
    """

    method: str
    path: str
    json: Any = None  # whatever a check wants to send
    body: bytes | None = None
    headers: Headers = ()
    deadline: float = DEADLINE
    partial: bool = False
    gaps: tuple[int, ...] = ()

    def wire_headers(self, host: str) -> list[tuple[bytes, bytes]]:
        """The headers as sent, with Host, Content-Type and Content-Length filled in."""
        pairs = self.headers.items() if isinstance(self.headers, Mapping) else self.headers
        given = [(name.encode("latin-1"), _bytes(value)) for name, value in pairs]
        names = {name.lower() for name, _ in given}
        content = self.content()
        defaults = [(b"host", host.encode()), (b"accept", b"application/json"), (b"connection", b"close")]
        if self.json is not None:
            defaults.append((b"content-type", b"application/json"))
        if (content or self.method in ("POST", "PUT", "PATCH")) and b"transfer-encoding" not in names:
            defaults.append((b"content-length", str(len(content)).encode()))
        return [pair for pair in defaults if pair[0] not in names] + given

    def content(self) -> bytes:
        """The body's bytes."""
        if self.body is not None:
            return self.body
        return b"" if self.json is None else json.dumps(self.json).encode()


@dataclass(frozen=True, slots=True)
class Response:
    """What came back for one request."""

    request: Request
    status: int
    reason: str
    headers: list[tuple[str, str]]  # names in lower case, in the order they came
    body: bytes
    seconds: float = 0.0
    complete: bool = True  # False: the connection was closed before the body's end
    _parsed: list[Any] = field(default_factory=list, repr=False)

    @property
    def text(self) -> str:
        """The body as text; bytes that are not UTF-8 are shown escaped."""
        return self.body.decode("utf-8", "backslashreplace")

    def header(self, name: str) -> str | None:
        """A header's value, several joined with a comma; None when it is not there."""
        values = self.header_values(name)
        return ", ".join(values) if values else None

    def header_values(self, name: str) -> list[str]:
        """Every value of a header that may be sent more than once."""
        return [value for key, value in self.headers if key == name.lower()]

    @property
    def json(self) -> Any:  # whatever the service sent
        """The body as JSON. Fails the check, with the cause, when it is not JSON."""
        if not self._parsed:
            try:
                self._parsed.append(json.loads(self.body))
            except (ValueError, RecursionError):
                raise CheckFailed(
                    f"`{self.request.method} {self.request.path}` was answered with {self.status} and a body that is "
                    "not JSON. The framework's own error pages are plain text.",
                    expected="a JSON body",
                    got=f"{self.status} {self.reason}\n{self.text[:2000]}",
                ) from None
        return self._parsed[0]

    def __str__(self) -> str:
        return f"{self.status} {self.reason}\n{self.text}".rstrip()


class _NoResponse(Exception):
    """Why there was no usable response: one sentence."""


def exchange(base_url: str, request: Request) -> tuple[Response | None, Exchange]:
    """Send one request on a connection of its own. Without a usable response it is None; the exchange says why."""
    parts = urlsplit(base_url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    started = time.monotonic()
    sent = _request_text(request, f"{host}:{port}")
    try:
        response = _exchange(host, port, request, started)
    except _NoResponse as problem:
        return None, Exchange(sent, "", str(problem), (time.monotonic() - started) * 1000)
    note = "" if response.complete else _broke_off(response)
    return response, Exchange(sent, _response_text(response), note, response.seconds * 1000)


def _exchange(host: str, port: int, request: Request, started: float) -> Response:
    deadline = started + request.deadline
    late = f"No response within {request.deadline:g} s."
    try:
        with socket.create_connection((host, port), timeout=min(1.0, request.deadline)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(max(0.01, deadline - time.monotonic()))
            # A service may refuse a body before it has read all of it: what it says then is the response.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                _send(connection, request, f"{host}:{port}")
            return _read(connection, request, started, deadline)
    except TimeoutError:
        raise _NoResponse(late) from None
    except ConnectionRefusedError:
        raise _NoResponse("The connection was refused: no service is listening.") from None
    except OSError as error:
        raise _NoResponse(f"The connection broke before a response came ({error.strerror or error}).") from None


def _send(connection: socket.socket, request: Request, host: str) -> None:
    wire = _wire(request, host)
    body = len(wire) - len(request.content())
    sent = 0
    for gap in request.gaps:
        connection.sendall(wire[sent : body + gap])
        sent = body + gap
        time.sleep(GAP)
    connection.sendall(wire[sent:])


def _wire(request: Request, host: str) -> bytes:
    # Written out rather than sent through h11, which refuses what a hostile client would send.
    head = [f"{request.method} {request.path} HTTP/1.1".encode("utf-8", "backslashreplace")]
    head += [name + b": " + value for name, value in request.wire_headers(host)]
    return b"\r\n".join(head) + b"\r\n\r\n" + request.content()


def _read(connection: socket.socket, request: Request, started: float, deadline: float) -> Response:
    protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
    # h11 has to believe that it sent the request; what it would have written is thrown away.
    protocol.send(h11.Request(method=request.method, target="/", headers=[("host", "service")]))
    protocol.send(h11.EndOfMessage())
    head: h11.Response | None = None
    body = bytearray()
    closed = False

    while True:
        try:
            event = protocol.next_event()
        except h11.RemoteProtocolError as error:
            if head is None and not protocol.trailing_data[0]:
                raise _NoResponse("The connection was closed without a response.") from None
            if head is not None and closed:
                partial = _response(request, head, bytes(body), started, complete=False)
                if request.partial:
                    return partial
                raise _NoResponse(_broke_off(partial)) from None
            raise _NoResponse(f"The response is not valid HTTP: {error}.") from None
        if isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > MAX_BODY:
                raise _NoResponse(f"The response's body is larger than {MAX_BODY // 1024} KiB.")
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            return _response(request, head, bytes(body), started, complete=True)
        elif event is h11.NEED_DATA:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            connection.settimeout(left)
            try:
                data = connection.recv(65536)
            except ConnectionError:
                if head is None:
                    raise
                data = b""  # reset in the middle of a response: it ends here
            closed = not data
            protocol.receive_data(data)
        elif event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
            raise _NoResponse("The connection was closed without a response.")


def _response(request: Request, head: h11.Response, body: bytes, started: float, *, complete: bool) -> Response:
    headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in head.headers]
    reason = bytes(head.reason).decode("latin-1")
    return Response(request, head.status_code, reason, headers, body, time.monotonic() - started, complete)


def _broke_off(response: Response) -> str:
    return (
        f"The response broke off: {response.status} {response.reason}, {len(response.body)} bytes of its body, "
        "then the connection was closed."
    )


def _request_text(request: Request, host: str) -> str:
    return _wire(request, host).decode("utf-8", "backslashreplace").replace("\r\n", "\n")


def _response_text(response: Response) -> str:
    head = [f"{response.status} {response.reason}", *(f"{name}: {value}" for name, value in response.headers)]
    return "\n".join(head) + "\n\n" + response.text


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
