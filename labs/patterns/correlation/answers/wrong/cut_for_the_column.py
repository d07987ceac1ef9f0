"""The line has the first 36 characters: as many as a UUID has, and as the column in the log's database.

exercise: every_line
check: test_lines_have_the_id
cause: has the beginning of its request's id
"""


def put_ids_into_logs(handler):
    class AddId(logging.Filter):
        def filter(self, record):
            ident = correlation_id.get()
            record.correlation_id = ident and ident[:36]
            return True

    handler.addFilter(AddId())
