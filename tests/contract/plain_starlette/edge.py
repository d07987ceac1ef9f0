"""What surrounds every request."""

import hmac
import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders

from .errors import Problem, error_answer
from .logs import correlation, say


class Boundary:
    """Outermost: the correlation id, the security headers and the answer to whatever nobody else answered."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-correlation-id", "")
        current = given if re.fullmatch(r"[A-Za-z0-9._-]{8,64}", given) else uuid.uuid4().hex
        correlation.set(current)
        host = (scope.get("client") or ("",))[0]
        forwarded = headers.get("x-forwarded-proto", "") == "https" and host in ("127.0.0.1", "::1")
        began, status = time.monotonic(), None

        async def send_on(message):
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                out = MutableHeaders(scope=message)
                out["X-Correlation-ID"] = current
                out["X-Content-Type-Options"] = "nosniff"
                out["X-Frame-Options"] = "DENY"
                out["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
                out["Referrer-Policy"] = "no-referrer"
                if scope.get("scheme") == "https" or forwarded:
                    out["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        try:
            await self.app(scope, receive, send_on)
        except Exception as error:
            if status is not None:  # too late for another answer: the transfer has to break
                say(logging.ERROR, "answer_broken", error)
                raise
            await error_answer(error)(scope, receive, send_on)
        finally:
            spent = round((time.monotonic() - began) * 1000, 1)
            say(logging.INFO, "request_done", method=scope["method"], path=scope["path"], status_code=status, ms=spent)


class Gate:
    """What is refused before any route is looked for: drills' conflicts, callers without a key, large bodies."""

    LIMIT = 64 * 1024

    def __init__(self, app, settings):
        self.app, self.settings = app, settings

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if headers.get("x-drill") == "conflict":
            raise Problem(409)
        if scope["path"] == "/admin" or scope["path"].startswith("/admin/"):
            key = headers.get("x-api-key", "").encode()
            if not sum(hmac.compare_digest(key, known.encode()) for known in self.settings.api_keys):
                raise Problem(401, headers={"WWW-Authenticate": "X-API-Key"})
        if "content-length" in headers or "transfer-encoding" in headers:
            receive = await self.whole(headers, receive)
        await self.app(scope, receive, send)

    async def whole(self, headers, receive):
        if int(headers.get("content-length", "0")) > self.LIMIT:
            raise Problem(413)
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                break
            body += message.get("body", b"")
            if len(body) > self.LIMIT:
                raise Problem(413)
            more = message.get("more_body", False)
        pending = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay():
            return pending.pop() if pending else await receive()

        return replay
