"""A service's log: everything that it writes, in the order in which it comes, and nobody else's lines."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import logging.config
import logging.handlers
import os
import queue
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from fastapi import FastAPI

from labs.service.stream import MAX_BYTES, LogStream, capture_output

from .conftest import app_with, own_lines


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
        return app_with(endpoint=lambda: logging.getLogger("shop").warning("order_viewed"))

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
