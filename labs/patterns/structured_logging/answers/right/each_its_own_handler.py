"""Nothing propagates: dictConfig gives root and uvicorn's loggers one JSON handler each, levels are on the handler."""

# %% own_events
import logging.config

CONTEXT = ContextVar("context", default={})


class OneLine(logging.Formatter):
    def format(self, record):
        own = {name: value for name, value in record.__dict__.items() if name.startswith("f_")}
        standard = {
            "message": record.getMessage(),
            "status": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "logger": record.name,
            "service": os.environ["SERVICE_NAME"],
            "version": os.environ["APP_VERSION"],
            "environment": os.environ["ENVIRONMENT"],
        } | CONTEXT.get()
        if record.exc_info:
            standard["stack"] = "".join(traceback.format_exception(*record.exc_info))
        entry = {name[2:]: value for name, value in own.items()} | standard
        return json.JSONEncoder(allow_nan=False, default=str).encode(to_plain(entry))


def configure_logging():
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": {"()": OneLine}},
            "handlers": {
                "out": {
                    "class": "logging.StreamHandler",
                    "stream": "ext://sys.stdout",
                    "formatter": "json",
                    "level": os.environ.get("LOG_LEVEL", "INFO"),
                }
            },
            "root": {"handlers": ["out"], "level": "DEBUG"},
            "loggers": {
                "uvicorn": {"handlers": ["out"], "propagate": False},
                "uvicorn.access": {"handlers": ["out"], "propagate": False},
            },
        }
    )


class get_logger:
    def __init__(self, name):
        self.target = logging.getLogger(name)

    def __getattr__(self, level):
        return lambda event, **fields: getattr(self.target, level)(
            "%s", event, extra={f"f_{name}": value for name, value in fields.items()}
        )


# %% other_loggers
def take_over_other_loggers():
    """configure_logging has done it."""


# %% exceptions
def add_stack(event):
    return event


# %% request_context
def add_request_context(app):
    class Context:
        def __init__(self, inner):
            self.inner = inner

        async def __call__(self, scope, receive, send):
            token = None
            if scope["type"] == "http":
                given = [value.decode() for name, value in scope["headers"] if name == b"x-correlation-id"]
                token = CONTEXT.set({"correlation_id": given[0] if given and given[0] else str(uuid4())})
            try:
                await self.inner(scope, receive, send)
            except Exception:
                logging.getLogger("crash").exception("unhandled_exception")
                raise
            finally:
                if token:
                    CONTEXT.reset(token)

    app.add_middleware(Context)
