"""re.match is content with a valid beginning.

exercise: border
check: test_hostile_id_is_replaced
cause: re.match looks at the beginning
"""


def choose_id(given):
    return given if len(given) <= 64 and re.match(r"[A-Za-z0-9._-]{8,64}", given) else new_id()
