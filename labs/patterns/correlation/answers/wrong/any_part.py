"""re.search is content with any valid part.

exercise: border
check: test_hostile_id_is_replaced
cause: re.search is content with a part
"""


def choose_id(given):
    return given if len(given) <= 64 and re.search(r"[A-Za-z0-9._-]{8,64}$", given) else new_id()
