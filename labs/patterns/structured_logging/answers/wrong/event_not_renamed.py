"""structlog's own key for the text is shipped as it is.
exercise: own_events
check: test_events_are_json
cause: The text of the event is in `event`
"""


def standard_fields(logger, method, event):
    record = dict(event)
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
