"""The id is kept in a global, for everybody.
exercise: request_context
check: test_context_never_crosses_requests
cause: overwrite each other's id
"""

current = {"id": None}


def add_id(logger, method, event):
    if current["id"]:
        event["correlation_id"] = current["id"]
    return event


def chain():
    return [add_id, standard_fields, exception_to_stack]


def add_request_context(app):
    @app.middleware("http")
    async def bind_context(request, call_next):
        current["id"] = request.headers.get("x-correlation-id") or uuid4().hex
        return await call_next(request)
