"""The id is kept in a threading.local, as it was done in the days of WSGI.
exercise: request_context
check: test_context_never_crosses_requests
cause: in a `threading.local`
"""

import threading

current = threading.local()


def add_id(logger, method, event):
    if getattr(current, "id", None):
        event["correlation_id"] = current.id
    return event


def chain():
    return [add_id, standard_fields, exception_to_stack]


def add_request_context(app):
    @app.middleware("http")
    async def bind_context(request, call_next):
        current.id = request.headers.get("x-correlation-id") or uuid4().hex
        return await call_next(request)
