"""Shortens what downstream asks for to what fits.

exercise: pause
check: test_long_retry_after_gives_up
cause: a shorter pause is not a compromise
"""


def pause(number, told):
    usual = 0.05 * 2 ** (number - 1) * random.uniform(0.5, 1.5)
    if told is None:
        return usual
    if told.strip().isdecimal():
        return min(float(told), 1.0) + usual
    try:
        seconds = (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return usual
    return max(seconds, 0.0) + usual
