"""structlog all the way: it writes bytes itself, a handler on root forwards other people's records into it, and an access
log of its own stands in for uvicorn's. The middleware logs crashes inside the context that it takes back."""


# %% own_events
def configure_logging():
    level = logging.getLevelNamesMapping()[os.environ.get("LOG_LEVEL", "INFO")]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            Datadog(os.environ["SERVICE_NAME"], os.environ["APP_VERSION"], os.environ["ENVIRONMENT"]),
            structlog.processors.JSONRenderer(
                serializer=lambda event, **_: json.dumps(to_plain(event)).encode()
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(sys.stdout.buffer),
        cache_logger_on_first_use=False,
    )


class Datadog:
    def __init__(self, service, version, environment):
        self.sender = {"service": service, "version": version, "environment": environment}

    def __call__(self, logger, method, event):
        renamed = {
            "message": event.pop("event"),
            "status": event.pop("level"),
            "logger": event.pop("logger", "root"),
        }
        if "exception" in event:
            renamed["stack"] = event.pop("exception")
        return {
            **event,
            **renamed,
            **self.sender,
            "timestamp": datetime.now().astimezone().isoformat(timespec="milliseconds"),
        }


def get_logger(name):
    return structlog.get_logger().bind(logger=name)


# %% other_loggers
class Forward(logging.Handler):
    def emit(self, record):
        log = structlog.get_logger().bind(logger=record.name)
        level = record.levelname.lower()
        fields = {"exc_info": record.exc_info} if record.exc_info else {}
        getattr(log, level)("%s", record.getMessage(), **fields)


def take_over_other_loggers():
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {"forward": {"()": Forward}},
            "root": {"handlers": ["forward"], "level": os.environ.get("LOG_LEVEL", "INFO")},
            "loggers": {
                "uvicorn": {"handlers": [], "propagate": True, "level": "NOTSET"},
                "uvicorn.error": {"handlers": [], "propagate": True, "level": "NOTSET"},
                "uvicorn.access": {"handlers": ["forward"], "propagate": False, "level": "CRITICAL"},
            },
        }
    )


import logging.config


# %% exceptions
def add_stack(event):
    raise AssertionError("format_exc_info does it")


# %% request_context
def add_request_context(app):
    @app.middleware("http")
    async def context(request, call_next):
        given = request.headers.get("x-correlation-id")
        with structlog.contextvars.bound_contextvars(correlation_id=given or str(uuid4())):
            log = get_logger("access")
            started = time.perf_counter()
            try:
                response = await call_next(request)
            except Exception:
                log.exception("request_crashed", path=request.url.path)
                raise
            seconds = round(time.perf_counter() - started, 6)
            log.info(
                "request",
                method=request.method,
                path=request.url.path,
                code=response.status_code,
                seconds=seconds,
            )
            return response


# %% odd_values
def to_plain(value):
    return json.loads(json.dumps(named(value), default=named, skipkeys=True), parse_constant=str)


def named(value, depth=6):
    try:
        if isinstance(value, dict):
            return {str(key): named(item, depth - 1) for key, item in value.items()} if depth else "{...}"
        if isinstance(value, (set, frozenset, list, tuple)):
            return [named(item, depth - 1) for item in value] if depth else "[...]"
        if isinstance(value, (int, float, str, type(None))):
            return value
        if isinstance(value, bytes):
            return value.hex()
        return str(value)
    except Exception:
        return object.__repr__(value)
