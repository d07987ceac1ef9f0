"""The application's logger has a handler, root has one, and nobody turned propagation off.
exercise: own_events
check: test_each_record_once
cause: two handlers is written twice
"""


def standard_fields(logger, method, event):
    record = dict(event)
    record["message"] = record.pop("event")
    record["status"] = "error" if method == "exception" else method
    record["timestamp"] = datetime.now(UTC).isoformat()
    record["service"] = os.environ["SERVICE_NAME"]
    record["version"] = os.environ["APP_VERSION"]
    record["environment"] = os.environ["ENVIRONMENT"]
    return record


def configure_logging():
    handler = logging.StreamHandler(sys.stdout)
    logging.getLogger("orders").addHandler(handler)
    logging.getLogger("orders").setLevel(os.environ.get("LOG_LEVEL", "INFO"))
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.add_logger_name, *chain(), render],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def get_logger(name):
    return structlog.get_logger(name)
