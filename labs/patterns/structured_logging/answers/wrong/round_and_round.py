"""A list that contains itself is followed for ever.
exercise: odd_values
check: test_hostile_values_are_written
cause: contains itself
"""


def to_plain(value, inside=()):
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    around = inside
    if isinstance(value, Mapping):
        return {str(key): to_plain(item, around) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_plain(item, around) for item in value]
    try:
        return value.isoformat() if isinstance(value, date) else str(value)
    except Exception:
        return f"<{type(value).__name__}>"
