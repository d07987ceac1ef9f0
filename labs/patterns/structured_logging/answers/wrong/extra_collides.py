"""Fields go straight into the standard library's `extra=`, which refuses `name`, `args` and `module`.
check: test_fields_keep_their_values
cause: refuses names that a LogRecord has of its own
"""

# %% own_events
KNOWN = set(logging.makeLogRecord({}).__dict__) | {"message", "color_message"}
current_id = ContextVar("current_id", default=None)


class JsonFormatter(logging.Formatter):
    def format(self, record):
        entry = {name: value for name, value in record.__dict__.items() if name not in KNOWN}
        entry |= {
            "message": record.getMessage(),
            "status": record.levelname.lower(),
            "logger": record.name,
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "service": os.environ["SERVICE_NAME"],
            "version": os.environ["APP_VERSION"],
            "environment": os.environ["ENVIRONMENT"],
        }
        if record.exc_info:
            entry["stack"] = self.formatException(record.exc_info)
        if current_id.get():
            entry["correlation_id"] = current_id.get()
        return render(None, "", entry)


def configure_logging():
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=os.environ.get("LOG_LEVEL", "INFO"), handlers=[handler], force=True)


class get_logger:
    def __init__(self, name):
        self.target = logging.getLogger(name)

    def __getattr__(self, level):
        return lambda event, **fields: getattr(self.target, level)("%s", event, extra=fields)


# %% other_loggers
def take_over_other_loggers():
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(logging.NOTSET)


# %% request_context
def add_request_context(app):
    @app.middleware("http")
    async def bind_context(request, call_next):
        current_id.set(request.headers.get("x-correlation-id") or uuid4().hex)
        return await call_next(request)
