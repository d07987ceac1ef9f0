"""A `with` block around the whole app ends before uvicorn logs the crash.
exercise: request_context
check: test_crash_carries_the_id
cause: it is gone by then
"""


class RequestContext:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        given = Request(scope).headers.get("x-correlation-id") or uuid4().hex
        with structlog.contextvars.bound_contextvars(correlation_id=given):
            await self.app(scope, receive, send)


def add_request_context(app):
    app.add_middleware(RequestContext)
