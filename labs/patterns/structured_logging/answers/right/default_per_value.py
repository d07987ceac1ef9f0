"""Each value is tried by itself: what the strict encoder takes stays, what it refuses becomes text.
exercise: odd_values
"""


def to_plain(value):
    return {str(name): one_value(item) for name, item in value.items()}


def one_value(item):
    try:
        json.dumps(item, allow_nan=False)
        return item
    except Exception:
        pass
    try:
        if isinstance(item, (set, frozenset)):
            return [one_value(entry) for entry in item]
        return item.isoformat() if isinstance(item, date) else str(item)
    except Exception:
        return f"unprintable {type(item).__qualname__}"
