"""The traceback shows the local variables of every frame: so useful.
exercise: exceptions
check: test_no_local_variables
cause: with the local variables
"""


def add_stack(event):
    error = event.pop("exc_info")
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    event["stack"] = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    return event
