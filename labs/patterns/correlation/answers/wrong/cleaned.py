"""A hostile id is cleaned and cut instead of replaced.

exercise: border
check: test_replacement_is_new
cause: What is cleaned, cut, hashed or constant
"""


def choose_id(given):
    cleaned = re.sub(r"[^A-Za-z0-9._-]", "", given)[:64]
    return cleaned if len(cleaned) >= 8 else new_id()
