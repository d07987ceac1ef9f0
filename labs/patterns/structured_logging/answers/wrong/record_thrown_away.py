"""What can't be written is dropped, the whole record with it.
exercise: odd_values
check: test_odd_values_are_written
cause: its record is gone
"""


def to_plain(value, inside=()):
    return {"message": "unserializable"}
