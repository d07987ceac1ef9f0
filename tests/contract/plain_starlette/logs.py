"""JSON lines, through the standard library's logging."""

import json
import logging
import math
import sys
import uuid
import warnings
from contextvars import ContextVar
from datetime import UTC, date, datetime
from datetime import time as clock_time
from decimal import Decimal

LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}

correlation: ContextVar[str | None] = ContextVar("correlation", default=None)
log = logging.getLogger("shop")

OWN = ("timestamp", "status", "message", "logger", "service", "version", "environment", "correlation_id", "stack")
NOBODYS = frozenset({"password", "password_hash", "card_number", "authorization", "api_key", "secret", "token"})
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message", "fields"}


def printable(value, above=()):
    """What strict JSON can hold of a value, whatever the value is."""
    try:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            return int(value) if abs(value) < 2**63 else hex(value)
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else str(float(value))
        if isinstance(value, str):
            return value.encode("utf-8", "backslashreplace").decode()
        if isinstance(value, (datetime, date, clock_time)):
            return value.isoformat()
        if isinstance(value, (uuid.UUID, Decimal)):
            return str(value)
        if isinstance(value, bytes):
            return value.decode("utf-8", "backslashreplace")
        if isinstance(value, (dict, list, tuple, set, frozenset)):
            if id(value) in above or len(above) > 16:
                return "..."
            inside = (*above, id(value))
            if isinstance(value, dict):
                return {
                    key if isinstance(key, str) else str(printable(key, inside)): printable(item, inside)
                    for key, item in value.items()
                }
            return [printable(item, inside) for item in value]
        if isinstance(value, BaseException):
            return f"{type(value).__name__}: {value}"
        return printable(str(value), above)
    except Exception:
        return f"<{type(value).__name__}>"


class JsonLines(logging.Formatter):
    def __init__(self, settings):
        super().__init__()
        self.about = {"service": settings.name, "version": settings.version, "environment": settings.environment}

    def format(self, record):
        try:
            message = record.getMessage()
        except Exception:
            message = str(record.msg)
        level = record.levelno
        line = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "status": next(
                name
                for name, least in (("critical", 50), ("error", 40), ("warning", 30), ("info", 20), ("debug", -1))
                if level >= least
            ),
            "message": printable(message),
            "logger": record.name,
            **self.about,
        }
        if (current := correlation.get()) is not None:
            line["correlation_id"] = current
        if record.exc_info and record.exc_info[0]:
            line["stack"] = printable(self.formatException(record.exc_info))
        fields = {name: value for name, value in vars(record).items() if name not in STANDARD}
        fields |= getattr(record, "fields", {})
        for name, value in fields.items():
            target = f"{name}_" if name in OWN else name
            line[printable(target)] = "[hidden]" if name.lower() in NOBODYS else printable(value)
        return json.dumps(line, allow_nan=False)


def say(level: int, what: str, error: BaseException | None = None, /, **fields):
    stack = (type(error), error, error.__traceback__) if error else None
    log.log(level, what, exc_info=stack, extra={"fields": fields})


def set_up_logs(settings):
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines(settings))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.level)
    logging.captureWarnings(True)
    warnings.simplefilter("default")
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(logging.NOTSET)
    logging.getLogger("uvicorn.access").disabled = True  # the boundary says it, without the query
    for chatty in (
        "httpx",
        "httpcore",
        "aiosqlite",
        "sqlalchemy",
        "asyncio",
    ):  # their debug lines hold headers and rows
        logging.getLogger(chatty).setLevel(logging.WARNING)
