"""What is refused is a list of bad characters; the control characters are not on it.

exercise: border
check: test_other_bytes_are_replaced
cause: A control character came through
"""


def choose_id(given):
    good = given.isascii() and 8 <= len(given) <= 64
    return given if good and not re.search(r"[^A-Za-z0-9._\x00-\x1f\x7f-]", given) else new_id()
