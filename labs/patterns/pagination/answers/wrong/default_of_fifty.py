"""The default page has 50 rows.
exercise: bounds
check: test_envelope
cause: page_size is 20 when the client does not ask
"""


def page_number():
    return Query(1, ge=1, le=1_000_000_000)


def size():
    return Query(50, ge=1, le=100)
