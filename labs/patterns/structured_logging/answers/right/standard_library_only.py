"""The standard library alone: a Formatter, a ContextVar, a thin logger object. No structlog anywhere."""

# %% own_events
correlation_id = ContextVar("correlation_id", default=None)


class JsonFormatter(logging.Formatter):
    def __init__(self):
        super().__init__()
        self.sender = {
            "service": os.environ["SERVICE_NAME"],
            "version": os.environ["APP_VERSION"],
            "environment": os.environ["ENVIRONMENT"],
        }

    def format(self, record):
        entry = dict(getattr(record, "fields", {}))
        entry |= {
            "timestamp": datetime.fromtimestamp(record.created).astimezone().isoformat(),
            "status": record.levelname.lower(),
            "message": record.getMessage(),
            "logger": record.name,
            **self.sender,
        }
        if correlation_id.get():
            entry["correlation_id"] = correlation_id.get()
        if record.exc_info:
            entry["stack"] = self.formatException(record.exc_info)
        return json.dumps(to_plain(entry), ensure_ascii=False, allow_nan=False)


class EventLogger:
    def __init__(self, name):
        self._logger = logging.getLogger(name)

    def debug(self, event, /, **fields):
        self._logger.debug("%s", event, extra={"fields": fields})

    def info(self, event, /, **fields):
        self._logger.info("%s", event, extra={"fields": fields})

    def warning(self, event, /, **fields):
        self._logger.warning("%s", event, extra={"fields": fields})

    def error(self, event, /, **fields):
        self._logger.error("%s", event, extra={"fields": fields})

    def critical(self, event, /, **fields):
        self._logger.critical("%s", event, extra={"fields": fields})

    def exception(self, event, /, **fields):
        self._logger.exception("%s", event, extra={"fields": fields})


def configure_logging():
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(handlers=[handler], level=os.environ.get("LOG_LEVEL", "INFO"), force=True)


def get_logger(name):
    return EventLogger(name)


# %% other_loggers
def take_over_other_loggers():
    for name in ("uvicorn", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).setLevel(os.environ.get("LOG_LEVEL", "INFO"))


# %% exceptions
def add_stack(event):
    return event


# %% request_context
def add_request_context(app):
    @app.middleware("http")
    async def set_id(request, call_next):
        correlation_id.set(request.headers.get("X-Correlation-ID") or uuid4().hex)
        return await call_next(request)


# %% odd_values
def to_plain(value, depth=0):
    if value is None or type(value) in (str, bool, int):
        return value
    if type(value) is float:
        return value if value - value == 0 else None
    if depth > 8:
        return "too deep"
    if isinstance(value, dict):
        return {text_of(key): to_plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_plain(item, depth + 1) for item in value]
    return text_of(value)


def text_of(value):
    try:
        return value.isoformat() if hasattr(value, "isoformat") else str(value)
    except Exception as error:
        return f"{type(value)} ({type(error).__name__})"
