"""The types that came up so far are converted; the next one fails the request.
exercise: odd_values
check: test_odd_values_are_written
cause: met a type it does not know
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
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (Decimal, UUID)):
        return str(value)
    return value
