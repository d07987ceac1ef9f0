"""The filter is on the root logger, which is not asked for what its children pass up.

exercise: every_line
check: test_libraries_lines_have_the_id
cause: A filter on a logger
"""


def put_ids_into_logs(handler):
    def add_id(record):
        record.correlation_id = correlation_id.get()
        return True

    log.addFilter(add_id)
    logging.getLogger().addFilter(add_id)
