"""Only UUIDs are taken over.

exercise: border
check: test_valid_id_is_taken_over
cause: was replaced
"""


def choose_id(given):
    return given if re.fullmatch(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", given) else new_id()
