"""Every value is made a string, so that the encoder never fails.
exercise: own_events
check: test_message_is_constant_and_fields_are_typed
cause: Numbers came out as text
"""


def standard_fields(logger, method, event):
    record = {name: value if name == "exc_info" else str(value) for name, value in event.items()}
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
