"""A hostile id is cleaned and gets a random end.

exercise: border
check: test_replacement_is_new
cause: A part of the refused id
"""


def choose_id(given):
    if re.fullmatch(r"[A-Za-z0-9._-]{8,64}", given):
        return given
    return re.sub(r"[^A-Za-z0-9._-]", "", given)[:40] + "-" + new_id()[:20]
