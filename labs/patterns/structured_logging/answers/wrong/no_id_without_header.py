"""Only the caller's id is bound; without one there is none.
exercise: request_context
check: test_id_is_made_when_none_is_given
cause: still needs an id
"""


def add_request_context(app):
    @app.middleware("http")
    async def bind_context(request, call_next):
        given = request.headers.get("x-correlation-id")
        if given:
            structlog.contextvars.bind_contextvars(correlation_id=given)
        return await call_next(request)
