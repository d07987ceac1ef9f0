"""The logger is bound when the module is imported, with the chain of that moment; configure comes too late for it.
exercise: own_events
check: test_events_are_json
cause: `structlog.configure` ran before the first event
"""


def standard_fields(logger, method, event):
    record = dict(event)
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


early = structlog.get_logger().bind(logger="orders")


def get_logger(name):
    return early
