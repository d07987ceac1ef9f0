"""structlog's name for the traceback is kept.
exercise: exceptions
check: test_exception_is_one_record
cause: The traceback is in `exception`
"""


def add_stack(event):
    return structlog.processors.format_exc_info(None, "error", event)
