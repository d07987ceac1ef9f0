"""`page_size` may be 0.
exercise: bounds
check: test_page_size_has_two_bounds
cause: LIMIT 0 is an empty page for ever
"""


def page_number():
    return Query(1, ge=1, le=1_000_000_000)


def size():
    return Query(20, ge=0, le=100)
