"""Whatever the caller sends is the id.

exercise: border
check: test_hostile_id_is_replaced
cause: An id of 7 characters was taken over
"""


def choose_id(given):
    return given or new_id()
