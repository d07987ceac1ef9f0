"""Fields that JSON can't hold are left out.
exercise: odd_values
check: test_odd_values_are_written
cause: A field is gone
"""


def to_plain(value, inside=()):
    return {name: item for name, item in value.items() if isinstance(item, (str, int, type(None)))}
