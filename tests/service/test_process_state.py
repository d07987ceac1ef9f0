"""What a service finds in a process that others use, too: its environment, its logging, its own stdout."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import io
import json
import logging
import logging.config
import logging.handlers
import os
import queue
import socket
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
import structlog
from fastapi import FastAPI

from labs.service.stream import MAX_BYTES, LogStream, capture_output

log = structlog.get_logger()
KEPT: dict[str, str] = {}


@functools.lru_cache
def settings():
    return os.environ["SERVICE_NAME"]


def own_lines(runner):
    """What the service itself wrote, without uvicorn's lines."""
    return [line for line in runner.stream.lines if not line.startswith("INFO:")]


def app_with(endpoint):
    app = FastAPI()
    app.get("/")(endpoint)
    return app


# Environment and globals


def test_the_environment_is_the_services_while_it_runs(runners, http, monkeypatch):
    monkeypatch.setenv("LABS_TEST_KEPT", "before")
    monkeypatch.setenv("LABS_TEST_GONE", "before")
    before = dict(os.environ)
    names = ("LABS_TEST_KEPT", "LABS_TEST_GONE", "LABS_TEST_NEW")
    runner = runners(lambda: app_with(lambda: [os.environ.get(name) for name in names]))
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
        return app_with(lambda: logging.getLogger().warning("seen") or os.environ["LABS_TEST"])

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
    return app_with(lambda: [KEPT["name"], settings()])


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
    return app_with(lambda: logging.getLogger("shop").info("order_viewed"))


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
        return app_with(lambda: log.info("seen"))

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


# Output


def test_everything_a_service_writes_is_captured_and_nothing_else(runners, http, capsys):
    def factory():
        buffer = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", line_buffering=True)
        app = FastAPI()

        @app.get("/async")
        async def in_async():
            print("print from async")
            sys.stdout.write("in ")
            sys.stdout.write("pieces\n")
            await asyncio.to_thread(print, "print from to_thread")
            await asyncio.get_running_loop().run_in_executor(None, print, "print from the executor")
            with ThreadPoolExecutor(1) as pool:
                await asyncio.get_running_loop().run_in_executor(pool, print, "print from a pool")
            asyncio.get_running_loop().call_soon(print, "print from a callback")
            await asyncio.sleep(0)

        @app.get("/sync")
        def in_sync():
            print("print from sync")
            print("print to stderr", file=sys.stderr)
            sys.stdout.buffer.write("bytes ä\n".encode())
            print("wrapped buffer", file=buffer)
            logging.getLogger("x").warning("last resort")
            thread = threading.Thread(target=print, args=("print from a thread",))
            thread.start()
            thread.join()
            print("no newline at the end", end="")

        return app

    runner = runners(factory)
    runner.start({})
    http.get(f"{runner.start({})}/sync")  # threads that are kept for the next service
    http.get(f"{runner.start({})}/async")
    url = runner.start({})
    print("the notebook's own")
    http.get(f"{url}/async")
    http.get(f"{url}/sync")
    threading.Thread(target=print, args=("the notebook's thread",)).start()
    runner.stop()
    expected = ["print from async", "in pieces", "print from to_thread", "print from the executor", "print from a pool",
                "print from a callback", "print from sync", "print to stderr", "bytes ä", "wrapped buffer", "last resort",
                "print from a thread", "no newline at the end"]  # fmt: skip
    assert sorted(own_lines(runner)) == sorted(expected)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("the notebook's own\nthe notebook's thread\n", "")


def test_a_handler_made_before_the_first_start_is_captured_once_a_lab_is_open(runners, http, capsys):
    capture_output()  # what open_lab does
    handler = logging.StreamHandler(sys.stdout)

    def factory():
        logging.getLogger("shop").addHandler(handler)
        return app_with(lambda: logging.getLogger("shop").warning("order_viewed"))

    runner = runners(factory)
    http.get(runner.start({}))
    runner.stop()
    assert own_lines(runner) == ["order_viewed"]
    assert capsys.readouterr().out == ""


def test_what_uvicorn_says_is_in_the_log(runners, http):
    runner = runners(FastAPI)
    url = runner.start({})
    http.get(f"{url}/nowhere")
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as raw:
        raw.sendall(b"no http\r\n\r\n")
        raw.recv(100)
    runner.stop()
    text = "\n".join(runner.stream.lines)
    for line in ("Started server process", "Application startup complete", '"GET /nowhere HTTP/1.1" 404',
                 "Invalid HTTP request received", "Application shutdown complete", "Finished server process"):  # fmt: skip
        assert line in text


def test_two_runners_keep_their_logs_apart(runners, http):
    def factory():
        name = os.environ["SERVICE_NAME"]
        records: queue.Queue[logging.LogRecord] = queue.Queue()
        listener = logging.handlers.QueueListener(records, logging.StreamHandler(sys.stdout))
        logger = logging.getLogger(f"labs.test.{name}")

        @contextlib.asynccontextmanager
        async def lifespan(_):
            logger.addHandler(logging.handlers.QueueHandler(records))
            listener.start()
            yield
            listener.stop()

        app = FastAPI(lifespan=lifespan)
        app.get("/")(lambda: print(f"{name} prints") or logger.warning("%s logs", name))
        return app

    one, two = runners(factory), runners(factory)
    urls = [one.start({"SERVICE_NAME": "one"}), two.start({"SERVICE_NAME": "two"})]
    for url in [*urls, *urls]:
        http.get(url)
    two.stop()
    one.stop()
    assert sorted(own_lines(two)) == ["two logs"] * 2 + ["two prints"] * 2
    assert [line for line in own_lines(one) if "two" in line] == []
    assert own_lines(one).count("one prints") == 2


def test_a_thread_that_outlives_its_service_writes_into_no_other_log(runners, http):
    go, done = threading.Event(), threading.Event()

    def late():
        go.wait(5)
        print("too late")
        done.set()

    def factory():
        threading.Thread(target=late, daemon=True).start()
        return FastAPI()

    runner = runners(factory)
    runner.start({})
    runner.factory = FastAPI
    runner.start({})
    go.set()
    assert done.wait(5)
    runner.stop()
    assert own_lines(runner) == []


def test_a_log_stream_wakes_who_waits_and_holds_only_so_much():
    stream = LogStream()
    threading.Timer(0.05, stream.write, args=("first\nsecond\n",)).start()
    assert stream.wait_for(lambda lines: "second" in lines, 5)
    threading.Timer(0.05, stream.close).start()
    assert not stream.wait_for(lambda lines: "third" in lines, 5)
    stream.write("after the end\n")
    assert stream.lines == ["first", "second"]
    full = LogStream()
    for _ in range(20):
        full.write("x" * (MAX_BYTES // 10) + "\n")
    full.write("y" * (MAX_BYTES + 1))
    assert len(full.lines) < 11
    assert full.dropped >= MAX_BYTES * 1.9


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
