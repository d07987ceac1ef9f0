"""Bodies are written at debug only, and so they are not seen until somebody switches it on.
exercise: request_context
check: test_no_secrets_in_the_stream
cause: not written at any level
"""


def add_request_context(app):
    @app.middleware("http")
    async def bind_context(request, call_next):
        structlog.contextvars.bind_contextvars(
            correlation_id=request.headers.get("x-correlation-id") or uuid4().hex
        )
        body = await request.body()
        structlog.get_logger().debug("request", logger="access", body=body.decode("utf-8", "replace"))
        return await call_next(request)
