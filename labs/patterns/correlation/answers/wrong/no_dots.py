"""The alphabet lacks the dot and the underscore.

exercise: border
check: test_valid_id_is_taken_over
cause: are all allowed
"""


def choose_id(given):
    return given if re.fullmatch(r"[A-Za-z0-9-]{8,64}", given) else new_id()
