"""Apps that take the process for their own: the runner outlives them all."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
import time

import httpx
import pytest
from fastapi import FastAPI

from labs.service import Incident, IncidentKind, StartFailed

from .conftest import app_with, lifespan


def spin():
    while True:
        pass


async def block():
    time.sleep(60)  # noqa: ASYNC251


async def loop_for_ever():
    spin()


@pytest.mark.slow
@pytest.mark.parametrize("endpoint", [block, loop_for_ever], ids=["in C", "in Python"])
def test_a_blocked_loop_costs_its_thread_and_nothing_else(runners, http, endpoint):
    entered = threading.Event()

    async def enter():
        entered.set()
        await endpoint()

    runner = runners(lambda: app_with(endpoint=enter))
    url = runner.start({})
    threading.Thread(target=swallow, args=(http, url), daemon=True).start()
    assert entered.wait(5)
    started = time.monotonic()
    runner.stop()
    assert time.monotonic() - started < 5
    assert runner.incidents == [
        Incident(IncidentKind.HUNG, "The service did not stop: something blocks its event loop.")
    ]
    runner.factory = app_with
    assert http.get(runner.start({})).json() == "hello"


def swallow(http, url):
    with contextlib.suppress(httpx.HTTPError):
        http.get(url, timeout=2)


@pytest.mark.slow
def test_a_blocked_port_that_was_asked_for_is_free_again(runners, http):
    entered = threading.Event()

    async def enter():
        entered.set()
        time.sleep(30)  # noqa: ASYNC251

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    runner = runners(lambda: app_with(endpoint=enter), port=port)
    url = runner.start({})
    threading.Thread(target=swallow, args=(http, url), daemon=True).start()
    assert entered.wait(5)
    runner.factory = app_with
    assert runner.start({}) == url
    assert http.get(url).json() == "hello"


def test_sys_exit_ends_the_request_and_is_an_incident(runners, http):
    runner = runners(lambda: app_with(endpoint=lambda: sys.exit(3)))
    assert http.get(runner.start({})).status_code == 500
    runner.stop()
    assert runner.incidents == [
        Incident(IncidentKind.EXITED, "The service ended its process with SystemExit(3) during a request.")
    ]


def test_sys_exit_in_a_task_of_its_own_ends_the_service_and_not_the_next_one(runners, http):
    def factory():
        app = app_with(endpoint=lambda: sys.exit(5))

        @app.middleware("http")  # Starlette runs the rest in a task of its own
        async def passing(request, call_next):
            return await call_next(request)

        return app

    runner = runners(factory)
    swallow(http, runner.start({}))
    runner.stop()
    assert "exited" in [incident.kind for incident in runner.incidents]
    runner.factory = app_with
    assert http.get(runner.start({})).json() == "hello"


def test_sys_exit_while_starting_is_a_sentence(runners, http):
    async def leave_later():
        asyncio.get_running_loop().call_soon(sys.exit, 6)
        await asyncio.sleep(60)

    runner = runners(lambda: FastAPI(lifespan=lifespan(before=leave_later)))
    with pytest.raises(StartFailed, match=r"The service ended its process with SystemExit\(6\)\."):
        runner.start({})
    runner.factory = app_with
    assert http.get(runner.start({})).json() == "hello"


def test_a_service_that_cancels_every_task_is_survived(runners, http):
    async def cancel_everything():
        for task in asyncio.all_tasks():
            task.cancel()

    runner = runners(lambda: app_with(endpoint=cancel_everything, lifespan=lifespan(after=cancel_everything)))
    swallow(http, runner.start({}))
    runner.stop()
    assert "exited" in [incident.kind for incident in runner.incidents]
    runner.start({})
    runner.stop()
    runner.factory = app_with
    assert http.get(runner.start({})).json() == "hello"


def test_an_interrupted_start_leaves_nothing_behind(runners, http):
    async def interrupt():
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(60)

    runner = runners(lambda: FastAPI(lifespan=lifespan(before=interrupt)))
    with pytest.raises(KeyboardInterrupt):
        runner.start({})
    runner.factory = app_with
    assert http.get(runner.start({})).json() == "hello"


@pytest.mark.slow
def test_two_hundred_starts_leak_nothing(runners, http, wait_until):
    def tasks():
        return len(asyncio.all_tasks(runner._server._loop))

    def counts():
        return threading.active_count(), len(os.listdir("/proc/self/fd"))

    async def background():
        asyncio.get_running_loop().create_task(asyncio.sleep(3600))
        await asyncio.to_thread(int)

    others = set(threading.enumerate())
    runner = runners(lambda: app_with(lifespan=lifespan(before=background)))
    for _ in range(3):
        http.get(runner.start({}))
    runner.stop()
    before, tasks_before = counts(), tasks()
    for number in range(200):
        url = runner.start({"NUMBER": str(number)})
        if number % 20 == 0:
            http.get(url)
    runner.stop()
    assert tasks() <= tasks_before
    wait_until(lambda: all(now <= then for now, then in zip(counts(), before, strict=True)))
    runner.close()
    wait_until(lambda: set(threading.enumerate()) <= others)
