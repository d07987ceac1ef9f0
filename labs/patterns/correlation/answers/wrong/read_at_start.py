"""The id is read once, when the filter is made.

exercise: every_line
check: test_lines_have_the_id
cause: or was read at start-up
"""


def put_ids_into_logs(handler):
    ident = correlation_id.get()

    def add_id(record):
        record.correlation_id = ident
        return True

    handler.addFilter(add_id)
