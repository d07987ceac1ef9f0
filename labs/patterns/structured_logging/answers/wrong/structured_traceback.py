"""structlog's dict_tracebacks: a structure, with local variables.
exercise: exceptions
check: test_exception_is_one_record
cause: `stack` is a structure
"""


def add_stack(event):
    event = structlog.processors.dict_tracebacks(None, "error", event)
    event["stack"] = event.pop("exception")
    return event
