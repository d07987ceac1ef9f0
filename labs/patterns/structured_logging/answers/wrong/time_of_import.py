"""The time stamp is a default argument, evaluated once.
exercise: own_events
check: test_timestamp_has_an_offset
cause: stands still
"""

from datetime import timedelta

NOW = (datetime.now(UTC) - timedelta(seconds=30)).isoformat()  # the module was imported a while ago


def standard_fields(logger, method, event, now=NOW):
    record = dict(event)
    record["message"] = record.pop("event")
    record["status"] = method
    record["timestamp"] = now
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
