"""Where there is no context, the id of the last request is taken.
exercise: request_context
check: test_no_context_outside_requests
cause: outlives the request
"""

last = {}


def add_id(logger, method, event):
    bound = structlog.contextvars.get_contextvars()
    last.update(bound)
    return event | (bound or last)


def chain():
    return [add_id, standard_fields, exception_to_stack]


def add_request_context(app):
    @app.middleware("http")
    async def bind_context(request, call_next):
        structlog.contextvars.bind_contextvars(
            correlation_id=request.headers.get("x-correlation-id") or uuid4().hex
        )
        return await call_next(request)
