"""The line is put together with an f-string.
exercise: own_events
check: test_no_line_can_be_forged
cause: Text from a request became a record
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


def template(logger, method, event):
    parts = []
    for name, value in event.items():
        if type(value) is str and name != "stack":
            parts.append(f'"{name}": "{value}"')
        else:
            parts.append(f'"{name}": {json.dumps(to_plain(value))}')
    return "{" + ", ".join(parts) + "}"


def configure_logging():
    structlog.configure(
        processors=[*chain(), template],
        wrapper_class=structlog.make_filtering_bound_logger(os.environ.get("LOG_LEVEL", "INFO")),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
    )


def get_logger(name):
    return structlog.get_logger().bind(logger=name)
