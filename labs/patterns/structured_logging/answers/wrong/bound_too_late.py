"""The id is bound after the request has been handled.
exercise: request_context
check: test_given_id_is_on_the_record
cause: before the request goes on
"""


def add_request_context(app):
    @app.middleware("http")
    async def bind_context(request, call_next):
        response = await call_next(request)
        structlog.contextvars.bind_contextvars(
            correlation_id=request.headers.get("x-correlation-id") or uuid4().hex
        )
        return response
