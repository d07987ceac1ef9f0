"""Values are formatted into the message, for readers.
exercise: own_events
check: test_events_are_json
cause: baked into the text
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


class get_logger:
    def __init__(self, name):
        self.log = structlog.get_logger().bind(logger=name)

    def __getattr__(self, level):
        def write(event, **fields):
            text = " ".join([event, *(f"{name}={value}" for name, value in fields.items())])
            getattr(self.log, level)(text, **fields)

        return write
