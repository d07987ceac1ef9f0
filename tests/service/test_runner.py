"""The runner: an app's life in this process, and a sentence for everything that can end it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import socket
import sys
import threading
import time

import httpx
import pytest
from fastapi import FastAPI

from labs.errors import UserError
from labs.service import StartFailed

from .conftest import app_with, fail, lifespan


def test_a_factory_becomes_a_service_that_is_swapped_behind_its_address(runners, http):
    runner = runners(lambda: app_with(endpoint=lambda: "one"))
    url = runner.start({})
    assert http.get(url).json() == "one"
    runner.factory = lambda: app_with(endpoint=lambda: "two")
    assert runner.start({}) == url
    assert http.get(url).json() == "two"
    runner.stop()
    assert runner.stream.closed
    answer = http.get(url)
    assert (answer.status_code, answer.text) == (
        503,
        "No service is running behind this port: serve it again.\n",
    )
    assert runner.start({}) == url
    runner.close()
    with pytest.raises(httpx.ConnectError):
        http.get(url)
    runner.close()


def test_the_lifespan_runs_with_its_state_and_ends_after_the_requests(runners, http):
    said = []
    entered, may_end = threading.Event(), threading.Event()

    @contextlib.asynccontextmanager
    async def run(_):
        said.append("startup")
        yield {"answer": 42}
        said.append("shutdown")

    def factory():
        app = FastAPI(lifespan=run)

        @app.get("/")
        async def slow():
            entered.set()
            await asyncio.to_thread(may_end.wait, 5)
            said.append("request")

        return app

    runner = runners(factory)
    url = runner.start({})
    request = threading.Thread(target=http.get, args=(url,))
    request.start()
    assert entered.wait(5)
    threading.Timer(0.1, may_end.set).start()
    runner.stop()
    request.join(5)
    assert said == ["startup", "request", "shutdown"]
    assert runner.incidents == []


def test_any_asgi_app_will_do(runners, http):
    class Pure:
        async def __call__(self, scope, receive, send):
            assert scope["type"] == "http"
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

    async def function(scope, receive, send):
        await Pure()(scope, receive, send)

    for factory in (Pure, lambda: function, functools.partial(lambda app: app, function)):
        assert http.get(runners(factory).start({})).status_code == 204


async def read_missing():
    os.environ["NO_SUCH_VARIABLE"]


async def leave():
    sys.exit(4)


@pytest.mark.parametrize(
    ("before", "sentence"),
    [
        (fail, "The lifespan's start-up raised ValueError: no pool"),
        (
            read_missing,
            "The lifespan's start-up failed: the environment variable NO_SUCH_VARIABLE is missing.",
        ),
        (leave, r"The lifespan's start-up ended the process with sys.exit \(4\)."),
    ],
)
def test_a_lifespan_that_fails_gets_one_sentence_and_its_log(runners, before, sentence):
    runner = runners(lambda: FastAPI(lifespan=lifespan(before=before)))
    with pytest.raises(StartFailed, match=sentence):
        runner.start({})
    assert any("Traceback" in line for line in runner.stream.lines)


@pytest.mark.slow
def test_a_start_that_hangs_ends_at_its_deadline_and_keeps_the_address(runners, http):
    release = threading.Event()
    cancelled = threading.Event()

    async def wait_for_ever():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    runner = runners(FastAPI, start_timeout=0.3)
    url = runner.start({})
    runner.factory = lambda: FastAPI(lifespan=lifespan(before=wait_for_ever))
    with pytest.raises(StartFailed, match=r"did not start listening within 0.3 s: .* waits for ever"):
        runner.start({})
    assert cancelled.is_set()
    runner.factory = lambda: release.wait(30)
    with pytest.raises(StartFailed, match="did not start listening within"):
        runner.start({})
    runner.factory = app_with
    runner.start_timeout = 5
    url = runner.start({})
    assert http.get(url).json() == "hello"
    release.set()


def test_a_shutdown_that_hangs_or_is_unfinished_is_an_incident(runners, monkeypatch):
    monkeypatch.setattr("labs.service.app.SHUTDOWN", 0.5)
    started = time.monotonic()
    runner = runners(lambda: FastAPI(lifespan=lifespan(after=lambda: asyncio.sleep(60))))
    runner.start({})
    runner.stop()
    assert time.monotonic() - started < 8
    assert [incident.kind for incident in runner.incidents] == ["hung"]

    async def close_pool():
        raise NotImplementedError

    runner.factory = lambda: FastAPI(lifespan=lifespan(after=close_pool))
    runner.start({})
    runner.stop()
    assert [incident.kind for incident in runner.incidents] == ["unimplemented"]
    assert "close_pool" in runner.incidents[0].detail


def test_a_port_in_use_is_one_sentence(runners):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"Port {port} is taken: stop the program"):
            runners(FastAPI, port=port).start({})
    runner = runners(FastAPI, port=port)
    assert runner.start({}) == f"http://127.0.0.1:{port}"
    with pytest.raises(UserError, match="99999 is not a port"):
        runners(FastAPI, port=99999).start({})
