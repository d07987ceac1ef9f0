"""The parameters are bounded and have no default, so that each request has to bring all of them.

exercise: bounds
check: test_page_starts_at_one
cause: `Query` takes it first
"""


def page_number():
    return Query(ge=1, le=1_000_000_000)


def size():
    return Query(ge=1, le=100)
