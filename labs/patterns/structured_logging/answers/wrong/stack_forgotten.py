"""`exc_info` is taken out because JSON can't hold it, and nothing takes its place.
exercise: exceptions
check: test_exception_is_one_record
cause: has no `stack`
"""


def add_stack(event):
    del event["exc_info"]
    return event
