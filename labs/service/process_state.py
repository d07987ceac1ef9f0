"""Give each service in this process what a fresh process would give it, and put everything back afterwards."""

from __future__ import annotations

import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog

from labs.service.host import Environment
from labs.service.processes import set_variables

__all__ = ["fresh_process_state", "mark_pristine"]

# Any, here and below: a service may put anything in the place of a handler, a hook or a global.
_LoggerState = tuple[int, bool, bool, list[Any], list[Any]]  # level, propagate, disabled, handlers, filters
_UNTOUCHED: _LoggerState = (logging.NOTSET, True, False, [], [])


@dataclass(slots=True)
class _Snapshot:
    loggers: dict[str, _LoggerState]
    record_factory: Any
    logger_class: type
    last_resort: Any
    disable: int
    excepthooks: tuple[Any, Any]
    showwarning: Any
    structlog_config: dict[str, Any] | None


@dataclass(slots=True)
class _Layer:
    """What one running service found when it started."""

    found: _Snapshot
    env: dict[str, str | None]


_pristine: _Snapshot | None = None
_open: list[_Layer] = []


def mark_pristine() -> None:
    """Remember this process's logging set-up as what a service finds when it starts. Only the first call counts."""
    global _pristine
    # The embedded Redis shares the process: it must not speak through the service's handlers.
    logging.getLogger("fakeredis").setLevel(logging.CRITICAL + 1)
    # SQLAlchemy does this itself when it is imported. That may come later and must not be undone: without it,
    # SQLAlchemy logs every statement at INFO through the root logger's handlers.
    if logging.getLogger("sqlalchemy").level == logging.NOTSET:
        logging.getLogger("sqlalchemy").setLevel(logging.WARNING)
    _pristine = _pristine or _capture()


@contextmanager
def fresh_process_state(env: Environment, namespace: dict[str, Any], *, keep_globals: bool) -> Iterator[None]:
    """While this is open: `env` is in os.environ, and logging and structlog are as if nobody had configured them.

    A factory runs once in production but many times in a notebook. Without this, a handler that it adds to the
    root logger would be added again each time, and every record would be written twice: a correct service would
    look wrong. `namespace` holds the factory's globals: what functools and structlog have cached there belongs to
    the environment of an earlier start and is forgotten. With `keep_globals` false, what the service does to its
    globals is undone at the end, too; not while somebody may be typing new definitions into them.
    """
    mark_pristine()
    assert _pristine is not None
    layer = _Layer(_capture(), {name: os.environ.get(name) for name in env})
    _open.append(layer)
    _restore(_pristine)
    _forget_caches(namespace)
    globals_before = None if keep_globals else _copy_globals(namespace)
    set_variables(env)
    try:
        yield
    finally:
        above = _open[_open.index(layer) + 1 :]
        _open.remove(layer)
        if above:  # another service was started since and goes on: at its end it puts back what this one found
            above[0].found, above[0].env = layer.found, {**above[0].env, **layer.env}
        else:
            set_variables(layer.env)
            _restore(layer.found)
        _forget_caches(namespace)
        if globals_before is not None:
            _put_back_globals(namespace, globals_before)


def _loggers() -> Iterator[tuple[str, logging.Logger]]:
    yield "", logging.root
    for name, logger in list(logging.root.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger):
            yield name, logger


def _capture() -> _Snapshot:
    return _Snapshot(
        loggers={
            name: (logger.level, logger.propagate, logger.disabled, logger.handlers[:], logger.filters[:])
            for name, logger in _loggers()
        },
        record_factory=logging.getLogRecordFactory(),
        logger_class=logging.getLoggerClass(),
        last_resort=logging.lastResort,
        disable=logging.root.manager.disable,
        excepthooks=(sys.excepthook, threading.excepthook),
        showwarning=warnings.showwarning,
        structlog_config=dict(structlog.get_config()) if structlog.is_configured() else None,
    )


def _restore(snapshot: _Snapshot) -> None:
    for name, logger in _loggers():  # some hundred, and a service changes few: this happens twice for each check
        level, propagate, disabled, handlers, filters = snapshot.loggers.get(name, _UNTOUCHED)
        if logger.level != level:
            logger.setLevel(level)
        logger.propagate = propagate
        logger.disabled = disabled
        if logger.handlers or handlers:
            logger.handlers[:] = handlers
        if logger.filters or filters:
            logger.filters[:] = filters
    if logging.root.manager.disable != snapshot.disable:
        logging.disable(snapshot.disable)
    logging.setLogRecordFactory(snapshot.record_factory)
    logging.setLoggerClass(snapshot.logger_class)
    logging.lastResort = snapshot.last_resort
    sys.excepthook, threading.excepthook = snapshot.excepthooks
    if warnings.showwarning is not snapshot.showwarning:
        logging.captureWarnings(False)
        warnings.showwarning = snapshot.showwarning
    structlog.contextvars.clear_contextvars()
    if snapshot.structlog_config is None:
        structlog.reset_defaults()
    else:
        structlog.configure(**snapshot.structlog_config)


def _forget_caches(namespace: dict[str, Any]) -> None:
    module = namespace.get("__name__")
    for value in list(namespace.values()):
        if type(value).__name__ == "BoundLoggerLazyProxy":
            # structlog caches by shadowing bind() on the instance.
            vars(value).pop("bind", None)
        elif getattr(value, "__module__", None) == module and callable(getattr(value, "cache_clear", None)):
            value.cache_clear()  # functools.lru_cache, as in FastAPI's `get_settings`


_Globals = tuple[dict[str, Any], list[tuple[Any, Any]]]


def _copy_globals(namespace: dict[str, Any]) -> _Globals:
    containers = [(value, value.copy()) for value in _own(namespace).values() if type(value) in (dict, list, set)]
    return dict(_own(namespace)), containers


def _put_back_globals(namespace: dict[str, Any], before: _Globals) -> None:
    bindings, containers = before
    for name in set(_own(namespace)) - set(bindings):
        del namespace[name]
    namespace.update(bindings)
    for container, content in containers:
        container.clear()
        container.extend(content) if isinstance(container, list) else container.update(content)


def _own(namespace: dict[str, Any]) -> dict[str, Any]:
    # IPython keeps its history (_i1, _12, In, Out) in the same place, and pytest's run may add to it.
    return {
        name: value
        for name, value in namespace.items()
        if name not in ("In", "Out", "_ih", "_oh", "_dh", "__builtins__") and not name.lstrip("_i").isdigit()
    }
