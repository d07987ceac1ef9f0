"""The libraries that services are made of: a process from which services are forked imports them once for all."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import warnings
from collections.abc import Iterable

__all__ = ["LIBRARIES", "heap_is_kept", "import_all", "import_for_all", "keep_heap"]

# Each with the modules that it imports only when they are used.
LIBRARIES = (
    *("fastapi", "fastapi.middleware.cors", "fastapi.openapi.docs", "fastapi.security", "fastapi.testclient"),
    *("fastapi.telemetry._runtime", "starlette.middleware.base", "starlette.responses", "anyio._backends._asyncio"),
    *("uvicorn", "uvicorn.loops.asyncio", "uvicorn.lifespan.on", "uvicorn.lifespan.off"),
    *("uvicorn.protocols.http.auto", "uvicorn.protocols.http.h11_impl", "h11", "httpcore", "httpx"),
    *("pydantic", "pydantic.v1", "pydantic_settings", "email_validator", "encodings.ascii", "encodings.idna"),
    *("sqlalchemy", "sqlalchemy.orm", "sqlalchemy.ext.asyncio", "sqlalchemy.dialects.sqlite.aiosqlite"),
    *("sqlalchemy.dialects.sqlite.pysqlite", "aiosqlite", "redis.asyncio", "tenacity", "structlog"),
    *("pythonjsonlogger", "pythonjsonlogger.json", "dateutil.parser", "logging.config", "concurrent.futures.thread"),
)


def import_all(names: Iterable[str] = LIBRARIES, *, parent: int = 0) -> None:
    """Import these, as far as they are installed; with `parent`, end when that process has ended meanwhile."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whoever imports them, too, has not asked for it here
        for name in names:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
            if parent and os.getppid() != parent:
                os._exit(0)


def import_for_all(names: Iterable[str] = LIBRARIES) -> None:
    """Import these for this process and for all copies of it, and keep the garbage collector away: see `keep_heap`."""
    import_all(names)
    keep_heap()


def keep_heap() -> None:
    """Keep the garbage collector of this process and of each copy of it away from the objects that are there now.

    A collector goes through them again and again, and each one that it looks at costs a copy its own page of memory.
    """
    global _kept
    gc.collect()
    gc.freeze()
    _kept = True


def heap_is_kept() -> bool:
    """Whether `keep_heap` was called, here or in the process that this one is a copy of.

    `gc.get_freeze_count` knows, too, but counts: ten milliseconds for a hundred thousand objects.
    """
    return _kept


_kept = False
