"""The time stamp is local time with a Z behind it: right wherever the clock of the machine shows UTC.
exercise: own_events
check: test_timestamp_has_an_offset
cause: labelled as UTC
"""


def standard_fields(logger, method, event):
    record = dict(event)
    record["message"] = record.pop("event")
    record["status"] = method
    record["timestamp"] = datetime.now().isoformat() + "Z"
    record["service"] = os.environ["SERVICE_NAME"]
    record["version"] = os.environ["APP_VERSION"]
    record["environment"] = os.environ["ENVIRONMENT"]
    return record


def configure_logging():
    structlog.configure(
        processors=[*chain(), render],
        wrapper_class=structlog.make_filtering_bound_logger(os.environ.get("LOG_LEVEL", "INFO")),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
    )


def get_logger(name):
    return structlog.get_logger().bind(logger=name)
