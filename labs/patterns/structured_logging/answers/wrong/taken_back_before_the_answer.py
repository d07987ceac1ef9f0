"""A `with` block in an HTTP middleware ends before the answer is sent.
exercise: request_context
check: test_id_is_on_every_record_of_the_request
cause: not taken back before the answer goes out
"""


def add_request_context(app):
    @app.middleware("http")
    async def bind_context(request, call_next):
        given = request.headers.get("x-correlation-id") or uuid4().hex
        with structlog.contextvars.bound_contextvars(correlation_id=given):
            return await call_next(request)
