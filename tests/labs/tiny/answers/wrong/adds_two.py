"""Two added instead of multiplied by.

exercise: double
check: test_doubles
cause: multiply
  by two
"""


def double(number: int):
    return {"number": number + 2}
