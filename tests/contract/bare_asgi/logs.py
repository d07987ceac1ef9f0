"""One JSON object per line on stderr, whoever speaks."""

import contextvars
import datetime as dt
import decimal
import json
import logging
import sys
import traceback
import uuid

__all__ = ["LEVELS", "current_id", "event", "set_up_logs"]

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
current_id: contextvars.ContextVar[str] = contextvars.ContextVar("current_id", default="")
logger = logging.getLogger("bare.shop")


def event(level: str, name: str, /, error: BaseException | None = None, fields: dict | None = None):
    logger.log(LEVELS[level], "%s", name, exc_info=error, extra={"event_fields": fields or {}})


def set_up_logs(env):
    about = {
        "service": env.get("SERVICE_NAME", "bare"),
        "version": env.get("APP_VERSION", "none"),
        "environment": env.get("ENVIRONMENT", "dev"),
    }
    root = logging.getLogger()
    for handler in root.handlers[:]:
        root.removeHandler(handler)
    root.addHandler(Lines(about))
    root.setLevel(LEVELS.get(env.get("LOG_LEVEL", "INFO").lower(), 20))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        other = logging.getLogger(name)
        for handler in other.handlers[:]:
            other.removeHandler(handler)
        other.propagate = True
        other.setLevel(0)
    for name in ("aiosqlite", "httpx", "httpcore", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)


class Lines(logging.Handler):
    def __init__(self, about):
        super().__init__()
        self.about = about

    def emit(self, record):
        try:
            said = record.getMessage()
        except Exception:
            said = str(record.msg)
        moment = dt.datetime.fromtimestamp(record.created, dt.UTC)
        line = {
            "message": as_text(said),
            "status": max((number, name) for name, number in LEVELS.items() if number <= max(record.levelno, 10))[1],
            "timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "logger": record.name,
            "correlation_id": current_id.get() or None,
            **self.about,
        }
        if record.exc_info and record.exc_info[1]:
            line["stack"] = as_text("".join(traceback.format_exception(record.exc_info[1])))
        kept = {}
        for name, value in getattr(record, "event_fields", {}).items():
            (kept if name in line or name == "stack" else line)[as_text(name)] = safe(value, 0)
        if kept:
            line["fields"] = kept
        sys.stderr.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")
        sys.stderr.flush()


def as_text(value) -> str:
    try:
        return str(value).encode("utf-8", "replace").decode()
    except Exception:
        return f"(a {type(value).__name__} without text)"


def safe(value, depth):
    match value:
        case None | bool():
            return value
        case int() if -(2**63) < value < 2**63:
            return int(value)
        case float() if value - value == 0:
            return float(value)
        case str():
            return as_text(value)
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case decimal.Decimal() | uuid.UUID():
            return str(value)
        case bytes() | bytearray():
            return bytes(value).decode("latin-1")
        case dict() if depth < 8:
            return {as_text(key): safe(item, depth + 1) for key, item in value.items()}
        case list() | tuple() | set() | frozenset() if depth < 8:
            return [safe(item, depth + 1) for item in value]
        case dict() | list() | tuple() | set() | frozenset():
            return f"(a {type(value).__name__}, too deep)"
    return as_text(value)
