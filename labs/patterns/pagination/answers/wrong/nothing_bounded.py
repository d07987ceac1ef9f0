"""Plain defaults, as in the naive version.
exercise: bounds
check: test_page_starts_at_one
cause: page=0 is let through
"""


def page_number():
    return 1


def size():
    return 20
