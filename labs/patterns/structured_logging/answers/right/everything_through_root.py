"""structlog as front end only: its events become standard library records, and one handler on root renders all.

A pure ASGI middleware binds the context.
"""


# %% own_events
def standard_fields(logger, method, event):
    event = structlog.stdlib.add_log_level(logger, method, event)
    event["status"] = event.pop("level")
    event = structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp")(logger, method, event)
    event = structlog.processors.EventRenamer("message")(logger, method, event)
    return event | {
        "service": os.environ["SERVICE_NAME"],
        "version": os.environ["APP_VERSION"],
        "environment": os.environ["ENVIRONMENT"],
    }


def configure_logging():
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[
            structlog.stdlib.add_logger_name,
            *chain(),
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            render,
        ]
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.root.handlers = [handler]
    logging.root.setLevel(os.environ.get("LOG_LEVEL", "INFO"))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            hold_exception,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def hold_exception(logger, method, event):
    if event.get("exc_info") is True:
        event["exc_info"] = sys.exc_info()
    return event


def get_logger(name):
    return structlog.stdlib.get_logger(name)


# %% other_loggers
def take_over_other_loggers():
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.NOTSET)


# %% request_context
class ContextMiddleware:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            given = headers.get(b"x-correlation-id", b"").decode("latin-1")
            structlog.contextvars.bind_contextvars(correlation_id=given or str(uuid4()), path=scope["path"])
        await self.app(scope, receive, send)


def add_request_context(app):
    app.add_middleware(ContextMiddleware)
