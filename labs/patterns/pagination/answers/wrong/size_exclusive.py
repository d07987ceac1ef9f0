"""`lt` where `le` is meant: 100 is refused.
exercise: bounds
check: test_page_size_has_two_bounds
cause: bounds, which are inclusive
"""


def page_number():
    return Query(1, ge=1, le=1_000_000_000)


def size():
    return Query(20, ge=1, lt=100)
