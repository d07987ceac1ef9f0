"""`exc_info` stays in the record beside the stack.
exercise: exceptions
check: test_no_stack_without_an_exception
cause: in the record twice
"""


def add_stack(event):
    error = event.pop("exc_info")
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    event["stack"] = "".join(traceback.format_exception(error))
    event["exc_info"] = True
    return event
