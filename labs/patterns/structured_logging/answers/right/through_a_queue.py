"""A QueueHandler on root: records are written by a thread of their own, so that no request waits for a slow pipe."""

# %% own_events
import atexit
import logging.handlers
import queue

current_id = ContextVar("current_id", default=None)


class Enrich(logging.Filter):
    """Runs in the caller, where the context is."""

    def filter(self, record):
        record.correlation_id = current_id.get()
        return True


class Lines(logging.Formatter):
    def __init__(self):
        super().__init__()
        variables = {"service": "SERVICE_NAME", "version": "APP_VERSION", "environment": "ENVIRONMENT"}
        self.sender = {name: os.environ[variable] for name, variable in variables.items()}

    def format(self, record):
        entry = dict(getattr(record, "own", {}))
        entry["message"] = record.message
        entry["status"] = record.levelname.lower()
        entry["logger"] = record.name
        entry["timestamp"] = datetime.fromtimestamp(record.created, UTC).isoformat()
        entry |= self.sender
        if record.correlation_id:
            entry["correlation_id"] = record.correlation_id
        if getattr(record, "stack", None):
            entry["stack"] = record.stack
        return json.dumps(to_plain(entry), allow_nan=False)


class Prepare(logging.handlers.QueueHandler):
    def prepare(self, record):
        record.message = record.getMessage()
        if record.exc_info:
            record.stack = "".join(traceback.TracebackException(*record.exc_info).format())
            record.exc_info = record.exc_text = None
        return record


def configure_logging():
    lines = queue.SimpleQueue()
    handler = Prepare(lines)
    handler.addFilter(Enrich())
    out = logging.StreamHandler(sys.stdout)
    out.setFormatter(Lines())
    listener = logging.handlers.QueueListener(lines, out)
    listener.start()
    atexit.register(listener.stop)
    logging.root.handlers = [handler]
    logging.root.setLevel(os.environ.get("LOG_LEVEL", "INFO"))


class Log:
    def __init__(self, name):
        self.name = name

    def __getattr__(self, level):
        method = getattr(logging.getLogger(self.name), level)
        return lambda event, **fields: method("%s", event, extra={"own": fields})


def get_logger(name):
    return Log(name)


# %% other_loggers
def take_over_other_loggers():
    for logger in (
        logging.getLogger("uvicorn"),
        logging.getLogger("uvicorn.access"),
        logging.getLogger("uvicorn.error"),
    ):
        logger.handlers = []
        logger.propagate = True
        logger.level = logging.NOTSET


# %% exceptions
def add_stack(event):
    return event


# %% request_context
def add_request_context(app):
    @app.middleware("http")
    async def remember(request: Request, call_next):
        current_id.set(request.headers.get("x-correlation-id", uuid4().hex))
        return await call_next(request)
