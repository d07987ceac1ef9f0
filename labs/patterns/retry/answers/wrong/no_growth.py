"""Random, but no longer the second time.

exercise: pause
check: test_pauses_grow_and_differ
cause: The second pause is not longer
"""


def pause(number, told):
    usual = random.uniform(0.15, 0.3)
    if told is None:
        return usual
    if told.strip().isdecimal():
        return float(told) + usual
    try:
        seconds = (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return usual
    return max(seconds, 0.0) + usual
