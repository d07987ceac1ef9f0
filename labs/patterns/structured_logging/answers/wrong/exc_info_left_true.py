"""Nothing renders the exception.
exercise: exceptions
check: test_exception_is_one_record
cause: is what is left when no processor renders
"""


def add_stack(event):
    event["exc_info"] = True
    return event
