"""The pattern uses \\w, which knows more letters than the contract.

exercise: border
check: test_other_bytes_are_replaced
cause: letter or digit beyond ASCII
"""


def choose_id(given):
    return given if re.fullmatch(r"[\w.-]{8,64}", given) else new_id()
