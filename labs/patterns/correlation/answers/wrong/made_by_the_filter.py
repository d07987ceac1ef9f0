"""Records get an id of their own from the filter.

exercise: every_line
check: test_lines_have_the_id
cause: make no id there
"""


def put_ids_into_logs(handler):
    def add_id(record):
        record.correlation_id = new_id()
        return True

    handler.addFilter(add_id)
