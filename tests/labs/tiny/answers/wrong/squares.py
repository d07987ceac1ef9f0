"""The square.

exercise: double
check: test_doubles
cause: multiply by two
"""


def double(number: int):
    return {"number": number * number}
