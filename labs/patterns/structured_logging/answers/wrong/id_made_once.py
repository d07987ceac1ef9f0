"""The id for requests without one is a default argument, made once.
exercise: request_context
check: test_id_is_made_when_none_is_given
cause: evaluated once
"""


def add_request_context(app):
    @app.middleware("http")
    async def bind_context(request, call_next, made=uuid4().hex):
        structlog.contextvars.bind_contextvars(correlation_id=request.headers.get("x-correlation-id") or made)
        return await call_next(request)
