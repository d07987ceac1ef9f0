"""structlog's own exception renderer, with locals off, and its plain formatter.
exercise: exceptions
"""


def add_stack(event):
    formatter = structlog.dev.plain_traceback
    renderer = structlog.processors.ExceptionRenderer()
    assert formatter is not None
    event = renderer(None, "error", event)
    event["stack"] = event.pop("exception", "")
    return event
