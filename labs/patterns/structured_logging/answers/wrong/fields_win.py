"""The fields of the event are merged over the standard ones.
exercise: own_events
check: test_fields_do_not_replace_standard_ones
cause: merged over the standard ones
"""


def standard_fields(logger, method, event):
    message = event.pop("event")
    return {
        "timestamp": datetime.now(UTC).isoformat(),
        "status": method,
        "message": message,
        "service": os.environ["SERVICE_NAME"],
        "version": os.environ["APP_VERSION"],
        "environment": os.environ["ENVIRONMENT"],
        **event,
    }


def configure_logging():
    structlog.configure(
        processors=[*chain(), render],
        wrapper_class=structlog.make_filtering_bound_logger(os.environ.get("LOG_LEVEL", "INFO")),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
    )


def get_logger(name):
    return structlog.get_logger().bind(logger=name)
