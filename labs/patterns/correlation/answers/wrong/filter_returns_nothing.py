"""The filter returns None, so nothing is written.

exercise: every_line
check: test_lines_have_the_id
cause: has to return True
"""


def put_ids_into_logs(handler):
    class AddId(logging.Filter):
        def filter(self, record):
            record.correlation_id = correlation_id.get()

    handler.addFilter(AddId())
