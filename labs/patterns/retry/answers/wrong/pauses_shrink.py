"""Counts the attempts that are left, so the pauses get shorter.

exercise: pause
check: test_pauses_grow_and_differ
cause: The second pause is not longer
"""


def pause(number, told):
    usual = 0.1 * 2 ** (ATTEMPTS - number - 1) * random.uniform(0.5, 1.5)
    if told is None:
        return usual
    if told.strip().isdecimal():
        return float(told) + usual
    try:
        seconds = (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return usual
    return max(seconds, 0.0) + usual
