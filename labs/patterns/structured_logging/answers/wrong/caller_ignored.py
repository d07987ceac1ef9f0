"""Every request gets a new id, whatever the caller sent.
exercise: request_context
check: test_given_id_is_on_the_record
cause: does not carry the caller's id
"""


def add_request_context(app):
    @app.middleware("http")
    async def bind_context(request, call_next):
        structlog.contextvars.bind_contextvars(correlation_id=uuid4().hex)
        return await call_next(request)
