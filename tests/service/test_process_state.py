"""What a service finds in a process that others use, too: its environment, its logging, what is kept for the process."""

from __future__ import annotations

import functools
import json
import logging
import logging.config
import logging.handlers
import os
import subprocess
import sys
import threading
import warnings

import pytest
import structlog
from fastapi import FastAPI

from .conftest import app_with, own_lines

log = structlog.get_logger()
KEPT: dict[str, str] = {}


@functools.lru_cache
def settings():
    return os.environ["SERVICE_NAME"]


def test_the_environment_is_the_services_while_it_runs(runners, http, monkeypatch):
    monkeypatch.setenv("LABS_TEST_KEPT", "before")
    monkeypatch.setenv("LABS_TEST_GONE", "before")
    before = dict(os.environ)
    names = ("LABS_TEST_KEPT", "LABS_TEST_GONE", "LABS_TEST_NEW")
    runner = runners(lambda: app_with(endpoint=lambda: [os.environ.get(name) for name in names]))
    url = runner.start({"LABS_TEST_KEPT": "now", "LABS_TEST_GONE": None, "LABS_TEST_NEW": "new"})
    assert http.get(url).json() == ["now", None, "new"]
    runner.start({"LABS_TEST_NEW": "newer"})
    assert http.get(url).json() == ["before", "before", "newer"]
    runner.stop()
    assert dict(os.environ) == before


@pytest.mark.parametrize("first", [0, 1])
def test_two_services_may_end_in_any_order(runners, http, first):
    before = dict(os.environ)
    handlers = logging.root.handlers[:]

    def factory():
        logging.basicConfig(format=os.environ["LABS_TEST"] + " %(message)s", force=True)
        return app_with(endpoint=lambda: logging.getLogger().warning("seen") or os.environ["LABS_TEST"])

    both = [runners(factory), runners(factory)]
    both[0].start({"LABS_TEST": "zero", "LABS_TEST_ZERO": "0"})
    url = both[1].start({"LABS_TEST": "one"})
    assert http.get(url).json() == "one"
    both[first].stop()
    if first == 0:
        assert http.get(url).json() == "one"
        assert own_lines(both[1])[-1] == "one seen"
    both[1 - first].stop()
    assert dict(os.environ) == before
    assert logging.root.handlers == handlers


def factory_that_keeps():
    KEPT.setdefault("name", os.environ["SERVICE_NAME"])
    return app_with(endpoint=lambda: [KEPT["name"], settings()])


def test_what_is_kept_for_the_process_is_new_with_each_start(runners, http):
    runner = runners(factory_that_keeps)
    for name in ("one", "two"):
        assert http.get(runner.start({"SERVICE_NAME": name})).json() == [name, name]
    runner.stop()
    assert KEPT == {}


# Logging


def json_to_stdout():
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter('{"message": "%(message)s"}'))
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.INFO)
    return app_with(endpoint=lambda: logging.getLogger("shop").info("order_viewed"))


def test_a_handler_added_on_each_start_writes_each_record_once(runners, http):
    runners(json_to_stdout).start({})  # somebody else's, whose handlers are on the same loggers
    runner = runners(json_to_stdout)
    for _ in range(3):
        http.get(runner.start({}))
        assert own_lines(runner) == ['{"message": "order_viewed"}']


def structlog_factory(factory):
    def create_app():
        service = os.environ["SERVICE_NAME"]
        structlog.configure(
            processors=[lambda *event: {**event[2], "service": service}, structlog.processors.JSONRenderer()],
            logger_factory=factory,
            cache_logger_on_first_use=True,
        )
        return app_with(endpoint=lambda: log.info("seen"))

    return create_app


@pytest.mark.parametrize(
    "logger_factory",
    [structlog.PrintLoggerFactory(), structlog.WriteLoggerFactory(), structlog.stdlib.LoggerFactory()],
    ids=lambda factory: type(factory).__name__,
)
def test_a_cached_structlog_logger_sees_each_starts_configuration(runners, http, logger_factory):
    def create_app():
        logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
        return structlog_factory(logger_factory)()

    runner = runners(create_app)
    for name in ("one", "two"):
        http.get(runner.start({"SERVICE_NAME": name}))
        assert [json.loads(line) for line in own_lines(runner)] == [{"event": "seen", "service": name}]
    runner.stop()
    assert not structlog.is_configured()


def test_logging_is_put_back_as_it_was(runners):
    mine = logging.getLogger("labs.test.mine")
    handler = logging.NullHandler()
    mine.addHandler(handler)
    mine.setLevel(logging.DEBUG)
    root, showwarning = (logging.root.level, logging.root.handlers[:]), warnings.showwarning
    structlog.contextvars.bind_contextvars(request="mine")

    def reckless():
        logging.config.dictConfig({"version": 1, "disable_existing_loggers": True, "root": {"level": "ERROR"}})
        logging.captureWarnings(True)
        logging.disable(logging.CRITICAL)
        logging.setLogRecordFactory(lambda *args, **options: None)
        mine.handlers.clear()
        mine.propagate = False
        sys.excepthook = threading.excepthook = print
        structlog.configure(processors=[])
        return FastAPI()

    runner = runners(reckless)
    hooks = sys.excepthook, threading.excepthook
    runner.start({})
    runner.stop()
    assert (logging.root.level, logging.root.handlers[:]) == root
    assert (mine.handlers, mine.level, mine.propagate, mine.disabled) == (
        [handler],
        logging.DEBUG,
        True,
        False,
    )
    assert logging.root.manager.disable == 0
    assert logging.getLogRecordFactory() is logging.LogRecord
    assert (sys.excepthook, threading.excepthook) == hooks
    assert warnings.showwarning is showwarning
    assert not structlog.is_configured()
    mine.removeHandler(handler)


def test_a_library_imported_later_keeps_the_level_that_it_sets():
    script = """
import logging
from labs.service.process_state import fresh_process_state, mark_pristine
mark_pristine()
import sqlalchemy
with fresh_process_state({}, {}, keep_globals=True):
    print(logging.getLogger("sqlalchemy").level)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == f"{logging.WARNING}\n"
