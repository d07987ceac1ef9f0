"""`processors` holds the whole chain, and ProcessorFormatter's own entries stay in the event.
exercise: other_loggers
check: test_library_records_are_json
cause: puts the LogRecord into the event
"""


def take_over_other_loggers():
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=[*chain(), json_line]))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(os.environ.get("LOG_LEVEL", "INFO"))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
        logger.setLevel(logging.NOTSET)


def json_line(logger, method, event):
    return json.dumps(event)
