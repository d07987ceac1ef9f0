"""The id is read by the thread that writes, behind a queue.

exercise: every_line
check: test_lines_have_the_id
cause: The line's correlation_id is empty
"""


import logging.handlers
import queue


def put_ids_into_logs(handler):
    def add_id(record):
        record.correlation_id = correlation_id.get()
        return True

    handler.addFilter(add_id)
    lines = queue.SimpleQueue()
    logging.handlers.QueueListener(lines, handler).start()
    logging.getLogger().handlers = [logging.handlers.QueueHandler(lines)]
