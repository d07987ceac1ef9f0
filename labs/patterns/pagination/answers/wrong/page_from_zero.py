"""Pages are counted from 0, as a list's indexes are.
exercise: bounds
check: test_page_starts_at_one
cause: page=0 is let through
"""


def page_number():
    return Query(1, ge=0, le=1_000_000_000)


def size():
    return Query(20, ge=1, le=100)
