"""The ASGI side: requests, answers, routes, errors, and what every answer carries."""

import contextlib
import hmac
import json
import re
import secrets
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from .logs import current_id, event

__all__ = ["Answer", "Failure", "Request", "invalid"]

BODY_LIMIT = 64 * 1024
LARGEST = 2**63 - 1
ERRORS = {
    401: ("UNAUTHORIZED", "no valid credentials"),
    402: ("PAYMENT_DECLINED", "the card was declined"),
    404: ("NOT_FOUND", "not found"),
    405: ("METHOD_NOT_ALLOWED", "not with this method"),
    409: ("CONFLICT", "in conflict with what is there"),
    413: ("PAYLOAD_TOO_LARGE", "more than is read"),
    422: ("VALIDATION_ERROR", "does not fit"),
    500: ("INTERNAL_ERROR", "an accident"),
    502: ("BAD_GATEWAY", "another service failed"),
    503: ("UNAVAILABLE", "not available now"),
    504: ("TIMEOUT", "another service took too long"),
}


class Failure(Exception):
    def __init__(self, status, message="", headers=(), told=False):
        super().__init__(f"{status} {message}")
        self.status, self.message, self.headers, self.told = status, message, list(headers), told


def invalid(what: str) -> Failure:
    return Failure(422, what)


@dataclass
class Answer:
    body: object = None
    status: int = 200
    headers: list = field(default_factory=list)
    kind: bytes = b"application/json"
    chunks: AsyncIterator[bytes] | None = None
    afterwards: Callable[[], Awaitable] | None = None

    async def send(self, send):
        if self.chunks is not None:
            await send(
                {"type": "http.response.start", "status": self.status, "headers": [(b"content-type", b"text/plain")]}
            )
            async for chunk in self.chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body"})
            return
        body = b"" if self.status == 204 else json.dumps(self.body, allow_nan=False).encode()
        headers = [*self.headers]
        if self.status != 204:
            headers += [(b"content-type", self.kind), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        if self.afterwards is not None:
            await self.afterwards()


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    query: dict[str, str]
    body: bytes
    parts: tuple[str, ...] = ()

    def json(self):
        try:
            return json.loads(self.body, parse_constant=int)
        except (ValueError, RecursionError):
            raise invalid("body: not JSON") from None

    def id(self) -> int:
        if not re.fullmatch(r"-?[0-9]+", self.parts[0]):
            raise invalid("id: not an integer")
        if len(self.parts[0]) > 19 or not 0 <= int(self.parts[0]) <= LARGEST:
            raise Failure(404)
        return int(self.parts[0])

    def number(self, name: str, default: int, most: int) -> int:
        given = self.query.get(name, str(default))
        if not re.fullmatch("[0-9]+", given) or given.strip("0") == "" or (most < LARGEST and len(given) > 9):
            raise invalid(f"{name}: an integer from 1 on")
        number = int(given[:30])
        if number > most and most < LARGEST:
            raise invalid(f"{name}: at most {most}")
        return number


class Application:
    """`parts` have `routes()`, `opened` have `open()`, `closed` have `close()`."""

    def __init__(self, env, parts, opened, closed):
        self.env, self.opened, self.closed = env, opened, closed
        self.routes = []
        for part in parts:
            for route, handler in part.routes().items():
                method, _, path = route.partition(" ")
                pattern = re.compile(re.sub(r"\{\w+\}", "([^/]+)", path))
                self.routes.append((method, pattern, handler, path.count("{")))
        self.routes.sort(key=lambda route: route[3])  # /orders/feed before /orders/{id}
        self.keys = [key.strip().encode() for key in env.get("API_KEY", "").split(",") if key.strip()]

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await self.lifespan(receive, send)
        elif scope["type"] == "http":
            await self.http(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def lifespan(self, receive, send):
        await receive()
        if wrong := [name for name in ("API_KEY", "DOWNSTREAM_TOKEN") if not self.good_secret(name)]:
            wanted = f"{' and '.join(wrong)}: a secret of 16 characters or more is needed"
            await send({"type": "lifespan.startup.failed", "message": wanted})
            return
        for part in self.opened:
            await part.open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for part in self.closed:
            with contextlib.suppress(Exception):
                await part.close()
        await send({"type": "lifespan.shutdown.complete"})

    def good_secret(self, name) -> bool:
        values = [self.env.get(name, "")] if name != "API_KEY" else [key.decode() for key in self.keys]
        return bool(values) and all(len(v.strip()) >= 16 and "changeme" not in v.lower() for v in values)

    async def http(self, scope, receive, send):
        headers = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
        given = headers.get("x-correlation-id", "")
        name = given if re.fullmatch(r"[A-Za-z0-9._-]{8,64}", given) else secrets.token_urlsafe(18)
        current_id.set(name)
        everywhere = [
            (b"x-correlation-id", name.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
            (b"referrer-policy", b"no-referrer"),
            (b"x-xss-protection", b"0"),
        ]
        near = (scope.get("client") or ("",))[0] in ("127.0.0.1", "::1")
        if scope.get("scheme") == "https" or (near and headers.get("x-forwarded-proto") == "https"):
            everywhere.append((b"strict-transport-security", b"max-age=63072000; includeSubDomains"))
        begun = False

        async def send_with_headers(message):
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message = {**message, "headers": [*message.get("headers", []), *everywhere]}
            await send(message)

        try:
            answer = await self.answer(scope, headers, receive)
            await answer.send(send_with_headers)
        except Exception as error:
            if begun:
                event("error", "answer_interrupted", error)
                raise
            await self.failed(error).send(send_with_headers)

    async def answer(self, scope, headers, receive) -> Answer:
        path, method = scope["path"], scope["method"]
        if path.startswith("/admin") and not self.may_enter(headers.get("x-api-key", "")):
            raise Failure(401, headers=[(b"www-authenticate", b'ApiKey realm="admin"')])
        body = await self.read(headers, receive)
        if headers.get("x-drill") == "conflict":
            raise Failure(409)
        allowed = []
        for verb, pattern, handler, _ in self.routes:
            if found := pattern.fullmatch(path):
                if verb == method:
                    query = dict(reversed(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)))
                    return await handler(Request(method, path, headers, query, body, found.groups()))
                allowed.append(verb)
        if allowed:
            raise Failure(405, headers=[(b"allow", ", ".join(allowed).encode())])
        raise Failure(404)

    def may_enter(self, key: str) -> bool:
        given, good = key.encode("latin-1", "replace"), False
        for known in self.keys:
            good |= hmac.compare_digest(given, known)
        return good

    async def read(self, headers, receive) -> bytes:
        body, more = bytearray(), True
        while more:
            if max(len(body), int(headers.get("content-length", 0))) > BODY_LIMIT:
                raise Failure(413)
            message = await receive()
            if message["type"] == "http.disconnect":
                break
            body += message.get("body", b"")
            more = message.get("more_body", False)
        if len(body) > BODY_LIMIT:
            raise Failure(413)
        return bytes(body)

    def failed(self, error: Exception) -> Answer:
        status = 500
        if isinstance(error, Failure):
            status = error.status
        elif isinstance(error, sqlite3.DatabaseError) and not isinstance(
            error, (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError)
        ):
            status = 503
        code, usual = ERRORS[status]
        message, headers = (error.message or usual, error.headers) if isinstance(error, Failure) else (usual, [])
        if status >= 500 and not (isinstance(error, Failure) and error.told):
            event("error", "request_failed", error, {"http_status": status})
        body = {"error": code, "message": message, "correlation_id": current_id.get()}
        return Answer(body, status, headers=headers, kind=b"application/problem+json")
