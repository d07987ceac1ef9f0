"""Dates are written with `repr`.
exercise: odd_values
check: test_odd_values_stay_readable
cause: `when` is not an ISO 8601 time
"""


def to_plain(value, inside=()):
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if id(value) in inside:
        return "..."
    around = (*inside, id(value))
    if isinstance(value, Mapping):
        return {str(key): to_plain(item, around) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_plain(item, around) for item in value]
    try:
        return repr(value) if isinstance(value, date) else str(value)
    except Exception:
        return f"<{type(value).__name__}>"
