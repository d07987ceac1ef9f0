"""The bounds are not counted in.

exercise: border
check: test_valid_id_is_taken_over
cause: count the bounds in
"""


def choose_id(given):
    return given if re.fullmatch(r"[A-Za-z0-9._-]+", given) and 8 < len(given) < 64 else new_id()
