"""`exc_info=True` is rendered; the triple that the standard library hands over is not.
exercise: exceptions
check: test_crash_is_in_the_stream
cause: as the triple of `sys.exc_info()`
"""


def add_stack(event):
    if event.pop("exc_info") is True:
        event["stack"] = traceback.format_exc()
    return event
