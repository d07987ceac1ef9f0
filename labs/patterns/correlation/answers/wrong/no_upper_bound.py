"""A lower bound and no upper one.

exercise: border
check: test_hostile_id_is_replaced
cause: too long is an attack
"""


def choose_id(given):
    return given if re.fullmatch(r"[A-Za-z0-9._-]{8,}", given) else new_id()
