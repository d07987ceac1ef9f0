"""Raises for a Retry-After that is nonsense.

exercise: pause
check: test_strange_retry_after
cause: Headers come from outside
"""


def pause(number, told):
    usual = 0.05 * 2 ** (number - 1) * random.uniform(0.5, 1.5)
    if told is None:
        return usual
    if told.strip().isdecimal():
        return float(told) + usual
    seconds = (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds()
    return max(seconds, 0.0) + usual
