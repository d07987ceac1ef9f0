"""A key that is not there.

exercise: greet
check: test_greets
cause: `greet`  raised
"""


def greet(name: str):
    return {}[name]
