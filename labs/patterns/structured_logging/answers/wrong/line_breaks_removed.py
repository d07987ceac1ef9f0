"""Line breaks are taken out of all text, against forged lines; JSON escapes them anyway.
exercise: own_events
check: test_no_line_can_be_forged
cause: line breaks
"""


def standard_fields(logger, method, event):
    record = {name: value.replace("\n", " ") if name == "text" else value for name, value in event.items()}
    record["message"] = record.pop("event")
    record["status"] = method
    record["timestamp"] = datetime.now(UTC).isoformat()
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
