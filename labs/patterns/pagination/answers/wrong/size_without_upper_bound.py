"""`page_size` is bounded at one end only.
exercise: bounds
check: test_page_size_has_two_bounds
cause: “download the table”
"""


def page_number():
    return Query(1, ge=1, le=1_000_000_000)


def size():
    return Query(20, ge=1)
