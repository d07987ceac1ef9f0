"""Floats are JSON numbers, so they are passed on; NaN is a float.
exercise: odd_values
check: test_odd_values_are_written
cause: NaN is a float
"""


def to_plain(value, inside=()):
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if id(value) in inside:
        return "..."
    around = (*inside, id(value))
    if isinstance(value, Mapping):
        return {str(key): to_plain(item, around) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_plain(item, around) for item in value]
    try:
        return value.isoformat() if isinstance(value, date) else str(value)
    except Exception:
        return f"<{type(value).__name__}>"
