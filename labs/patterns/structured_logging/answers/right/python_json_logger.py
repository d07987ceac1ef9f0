"""python-json-logger's formatter on root, a filter that stamps the context, and structlog as front end."""

# %% own_events
from pythonjsonlogger.json import JsonFormatter as LibraryFormatter

request_id = ContextVar("request_id", default="")


class Stamp(logging.Filter):
    def filter(self, record):
        if request_id.get():
            record.correlation_id = request_id.get()
        return True


class DatadogFormatter(LibraryFormatter):
    def process_log_record(self, log_data):
        fields = log_data.pop("fields", None) or {}
        log_data["status"] = log_data.pop("levelname").lower()
        log_data["timestamp"] = datetime.fromtimestamp(log_data.pop("created"), UTC).isoformat()
        return to_plain(fields | log_data)


def configure_logging():
    handler = logging.StreamHandler(sys.stdout)
    handler.addFilter(Stamp())
    handler.setFormatter(
        DatadogFormatter(
            "{message}{levelname}{name}{created}{exc_info}",
            style="{",
            rename_fields={"name": "logger", "exc_info": "stack"},
            rename_fields_keep_missing=False,
            reserved_attrs=[*logging.makeLogRecord({}).__dict__, "color_message", "message"],
            static_fields={
                "service": os.environ["SERVICE_NAME"],
                "version": os.environ["APP_VERSION"],
                "environment": os.environ["ENVIRONMENT"],
            },
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(os.environ.get("LOG_LEVEL") or "INFO")
    structlog.configure(
        processors=[under_one_name],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def under_one_name(logger, method, event):
    exc_info = event.pop("exc_info", None)
    return ("%s", event.pop("event")), {"extra": {"fields": event}, "exc_info": exc_info}


def get_logger(name):
    return structlog.get_logger(name)


# %% other_loggers
def take_over_other_loggers():
    level = os.environ.get("LOG_LEVEL") or "INFO"
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("uvicorn"):
            logger = logging.getLogger(name)
            logger.handlers[:] = []
            logger.propagate = True
            logger.setLevel(level)


# %% exceptions
def add_stack(event):
    raise AssertionError("the formatter does it")


# %% request_context
class AssignId:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        request = Request(scope)
        request_id.set(request.headers.get("x-correlation-id", "") or uuid4().hex)
        await self.app(scope, receive, send)


def add_request_context(app):
    app.add_middleware(AssignId)
