"""The exception's text is kept, its traceback is not.
exercise: exceptions
check: test_exception_is_one_record
cause: the exception's text only
"""


def add_stack(event):
    error = event.pop("exc_info")
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    event["stack"] = f"{type(error).__name__}: {error}"
    return event
