"""The fields of the event are kept together under one key.
exercise: own_events
check: test_message_is_constant_and_fields_are_typed
cause: nested under another key
"""


def standard_fields(logger, method, event):
    return {
        "message": event.pop("event"),
        "status": method,
        "timestamp": datetime.now(UTC).isoformat(),
        "service": os.environ["SERVICE_NAME"],
        "version": os.environ["APP_VERSION"],
        "environment": os.environ["ENVIRONMENT"],
        "logger": event.pop("logger"),
        **({"exc_info": event.pop("exc_info")} if "exc_info" in event else {}),
        "extra": event,
    }


def configure_logging():
    structlog.configure(
        processors=[*chain(), render],
        wrapper_class=structlog.make_filtering_bound_logger(os.environ.get("LOG_LEVEL", "INFO")),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
    )


def get_logger(name):
    return structlog.get_logger().bind(logger=name)
