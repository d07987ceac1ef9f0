"""At once, as tenacity does by default.

exercise: pause
check: test_pauses_grow_and_differ
cause: There is hardly a pause
"""


def pause(number, told):
    usual = 0.0
    if told is None:
        return usual
    if told.strip().isdecimal():
        return float(told) + usual
    try:
        seconds = (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return usual
    return max(seconds, 0.0) + usual
