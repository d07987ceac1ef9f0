"""The traceback is printed as well, to be sure.
exercise: exceptions
check: test_crash_is_in_the_stream
cause: stands in the stream as text
"""


def add_stack(event):
    error = event.pop("exc_info")
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    traceback.print_exception(error)
    event["stack"] = "".join(traceback.format_exception(error))
    return event
