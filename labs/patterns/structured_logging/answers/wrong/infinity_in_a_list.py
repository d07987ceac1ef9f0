"""NaN is caught at the top level only.
exercise: odd_values
check: test_hostile_values_are_written
cause: look at floats at every depth
"""


def to_plain(value, inside=()):
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if len(inside) > 1 or math.isfinite(value) else None
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
