"""The runner: an app's life in this process, and a sentence for everything that can end it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import signal
import socket
import sys
import threading
import time

import httpx
import pytest
from fastapi import Depends, FastAPI

from labs.errors import UserError
from labs.service import Incident, NotStarted, StartFailed


def app_with(path="/", endpoint=lambda: "hello", **options):
    app = FastAPI(**options)
    app.get(path)(endpoint)
    return app


def lifespan(*, before=None, after=None):
    @contextlib.asynccontextmanager
    async def run(_):
        if before is not None:
            await before()
        yield
        if after is not None:
            await after()

    return run


def unfinished():
    raise NotImplementedError


# Start, swap, stop


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


# Factories that are none, and apps that don't start


async def async_factory():
    return FastAPI()


@pytest.mark.parametrize(
    ("factory", "sentence"),
    [
        (42, "`create_app` is no factory but an int: write `def create_app(): ...` that returns the app."),
        (FastAPI(), "`create_app` is an app, not a factory: write `def create_app(): ...` that builds the app"),
        (lambda settings: FastAPI(), "`create_app` asks for arguments: a factory takes none"),
        (async_factory, "`async_factory` is `async def`: make it a plain `def` that returns the app."),
        (lambda: None, "returned None: it has to end with `return app`."),
        (lambda: "app", "returned a str, which is no ASGI app"),
        (lambda: FastAPI, "returned a type, which is no ASGI app"),
        (lambda: os.environ["NO_SUCH_VARIABLE"], "Calling the factory failed: the environment variable NO_SUCH_VARIABLE is missing."),
        (lambda: undefined_name, "Calling the factory raised NameError: name 'undefined_name' is not defined. The cell"),  # noqa: F821
        (lambda: {}["key"], "Calling the factory raised KeyError: 'key'"),
        (lambda: sys.exit(3), "Calling the factory ended the process with sys.exit (3)."),
        (lambda: sys.exit("no key"), "Calling the factory ended the process with sys.exit: no key."),
    ],
)  # fmt: skip
def test_a_factory_that_is_none_gets_one_sentence(runners, factory, sentence):
    runner = runners(factory)
    with pytest.raises(StartFailed) as failure:
        runner.start({})
    assert sentence in str(failure.value)
    assert len(str(failure.value).splitlines()) == 1
    assert runner.stream.closed
    runner.factory = FastAPI
    assert runner.start({})


async def fail():
    raise ValueError("no pool")


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


def test_a_shutdown_that_hangs_or_is_unfinished_is_an_incident(runners):
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
    assert [incident.kind for incident in runner.incidents] == ["not started"]
    assert "close_pool" in runner.incidents[0].detail


def test_a_port_in_use_is_one_sentence(runners):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"Port {port} is taken: stop the program"):
            runners(FastAPI, port=port).start({})
    runner = runners(FastAPI, port=port)
    assert runner.start({}) == f"http://127.0.0.1:{port}"
    with pytest.raises(UserError, match="99999 is no port"):
        runners(FastAPI, port=99999).start({})


# NotImplementedError, wherever it is raised


async def unfinished_async():
    raise NotImplementedError


class Crowd:
    def read(self):
        raise NotImplementedError


def outer():
    def inner():
        raise NotImplementedError

    return inner


async def in_group():
    async with asyncio.TaskGroup() as group:
        group.create_task(unfinished_async())
        group.create_task(fail())


def failing_middleware():
    app = app_with()

    @app.middleware("http")
    async def timing(request, call_next):
        raise NotImplementedError

    return app


async def in_background():
    asyncio.get_running_loop().create_task(unfinished_async())
    await asyncio.sleep(0.01)


def wrapped():
    try:
        unfinished()
    except NotImplementedError as error:
        raise RuntimeError("wrapped") from error


@pytest.mark.parametrize(
    ("factory", "name"),
    [
        (unfinished, "unfinished"),
        (lambda: FastAPI(lifespan=lifespan(before=unfinished_async)), "unfinished_async"),
        (lambda: app_with(endpoint=unfinished), "unfinished"),
        (lambda: app_with(endpoint=unfinished_async), "unfinished_async"),
        (lambda: app_with(endpoint=Crowd().read), "Crowd.read"),
        (lambda: app_with(endpoint=outer()), "inner"),
        (lambda: app_with(dependencies=[Depends(unfinished)]), "unfinished"),
        (lambda: app_with(endpoint=in_group), "unfinished_async"),
        (lambda: app_with(endpoint=in_background), "unfinished_async"),
        (lambda: app_with(endpoint=wrapped), "unfinished"),
        (failing_middleware, "timing"),
    ],
)
def test_what_is_not_written_yet_is_named(runners, http, factory, name):
    runner = runners(factory)
    try:
        http.get(runner.start({}))
        runner.stop()
    except NotStarted as unfinished:
        found = str(unfinished)
    else:
        found = next(incident.detail for incident in runner.incidents if incident.kind == "not started")
    assert found == name


def test_a_librarys_own_not_implemented_error_is_no_unfinished_exercise(runners, http):
    runner = runners(lambda: app_with(endpoint=lambda: asyncio.AbstractEventLoop().run_forever()))
    assert http.get(runner.start({})).status_code == 500
    runner.stop()
    assert runner.incidents == []


# Apps that take the process for their own


def spin():
    while True:
        pass


async def block():
    time.sleep(60)  # noqa: ASYNC251


async def loop_for_ever():
    spin()


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
        Incident("hung", "The service did not stop: something blocks its event loop.")
    ]
    runner.factory = app_with
    assert http.get(runner.start({})).json() == "hello"


def swallow(http, url):
    with contextlib.suppress(httpx.HTTPError):
        http.get(url, timeout=2)


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
        Incident("exited", "The service ended its process with SystemExit(3) during a request.")
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


def test_an_interrupted_start_leaves_nothing_behind(runners, http):
    async def interrupt():
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(60)

    runner = runners(lambda: FastAPI(lifespan=lifespan(before=interrupt)))
    with pytest.raises(KeyboardInterrupt):
        runner.start({})
    runner.factory = app_with
    assert http.get(runner.start({})).json() == "hello"


# Two hundred starts


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
