"""`page` has no upper bound, as in the seed.
exercise: bounds
check: test_absurd_page_is_no_crash
cause: does not fit into the 64 bits
"""


def page_number():
    return Query(1, ge=1)


def size():
    return Query(20, ge=1, le=100)
