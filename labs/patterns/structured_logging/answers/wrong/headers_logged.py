"""The middleware binds all headers to the context.
exercise: request_context
check: test_no_secrets_in_the_stream
cause: never log bodies or all headers
"""


def add_request_context(app):
    @app.middleware("http")
    async def bind_context(request, call_next):
        structlog.contextvars.bind_contextvars(
            correlation_id=request.headers.get("x-correlation-id") or uuid4().hex
        )
        structlog.contextvars.bind_contextvars(headers=dict(request.headers))
        return await call_next(request)
