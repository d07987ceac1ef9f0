"""Takes a date in Retry-After for nonsense.

exercise: pause
check: test_retry_after_is_obeyed
cause: The header has two forms
"""


def pause(number, told):
    usual = 0.05 * 2 ** (number - 1) * random.uniform(0.5, 1.5)
    if told is None:
        return usual
    if told.strip().isdecimal():
        return float(told) + usual
    return usual
