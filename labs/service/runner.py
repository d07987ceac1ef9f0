"""Serve one app after another from this process: uvicorn on a thread and loop of its own, swapped in a millisecond."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import logging.config
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

import uvicorn
import uvicorn.config
from uvicorn.lifespan.on import LifespanOn

from labs.errors import UserError
from labs.service.factory import FactoryError, build_app, check_factory, missing_variable
from labs.service.host import Environment, Incident, NotStarted, StartFailed, unfinished_function
from labs.service.process_state import fresh_process_state
from labs.service.stream import LogStream, capture_output, current_stream, register_thread

__all__ = ["Runner"]

RESPONSIVE = 0.5  # seconds for the event loop to show that it turns
GRACE = 1.0  # seconds for requests to end when the service stops
SHUTDOWN = 3.0  # seconds for the lifespan's shutdown


_NOT_DEFINED = (
    "The cell that defines it has not run, has a syntax error or is no longer there "
    "(in a notebook `lab.starter(\"exercise\")` shows a cell as it was)."
)


class Runner:
    """Runs a factory's app in this process, on a real port of 127.0.0.1. Implements `labs.service.Host`.

    One uvicorn server stays up; `start` puts another app behind it after the old one's lifespan has ended. An app
    that blocks the loop costs its thread: the next start gets a new one, on a new port unless `port` was asked for.
    """

    def __init__(
        self,
        factory: Callable[[], Any],
        *,
        port: int = 0,
        start_timeout: float = 5.0,
        keep_globals: bool = False,
    ) -> None:
        self.factory = factory
        self.port = port
        self.keep_globals = keep_globals  # leave what the service did to its globals, for whoever works in them
        self.start_timeout = start_timeout
        self.capture = True  # False: the process's own stdout and stderr are the service's log stream
        self.new_stream: Callable[[], LogStream] = LogStream
        self.stream = LogStream()
        self.incidents: list[Incident] = []
        self._server: _Server | None = None
        self._state: contextlib.ExitStack | None = None

    def start(self, env: Environment) -> str:
        """Build, start and serve the app. Raises NotStarted, StartFailed, or UserError when the port is taken."""
        self.stop()
        self.stream = self.new_stream()
        self.incidents = []
        try:
            check_factory(self.factory)
        except FactoryError as error:
            raise StartFailed(str(error)) from None
        if self._server is None:
            self._server = _Server(self.port)
        server = self._server
        self._state = contextlib.ExitStack()
        namespace = getattr(self.factory, "__globals__", {})
        self._state.enter_context(fresh_process_state(env, namespace, keep_globals=self.keep_globals))
        if self.capture:
            self._state.enter_context(capture_output(self.stream))
        app = _App(self.factory, self.stream if self.capture else None, self.incidents)
        try:
            server.run(app.startup(server), self.start_timeout)
        except FutureTimeout:
            self._abandon()
            raise StartFailed(
                f"The app did not start listening within {self.start_timeout:g} s: "
                "something in the factory or in the lifespan's start-up blocks or waits for ever."
            ) from None
        except (StartFailed, NotStarted):
            self._end_state()
            raise
        return server.url

    def stop(self) -> None:
        """End requests, run the lifespan's shutdown and close the log stream."""
        if self._state is None:
            return
        server, app = self._server, self._server and self._server.app
        if server is not None and app is not None:
            try:
                server.run(asyncio.sleep(0), RESPONSIVE)
                server.run(app.shutdown(server), GRACE + SHUTDOWN + 1)
            except FutureTimeout:
                app.incidents = []  # what the abandoned thread still says is our doing
                self.incidents.append(Incident("hung", "The service did not stop: something blocks its event loop."))
                self._abandon()
        self._end_state()

    def close(self) -> None:
        """Stop the service and give the port back."""
        self.stop()
        if self._server is not None:
            self._server.close()
            self._server = None

    def _end_state(self) -> None:
        if self._state is not None:
            self._state.close()
            self._state = None
        self.stream.close()

    def _abandon(self) -> None:
        """Leave a server whose loop is blocked: nothing more can be asked of it."""
        if self._server is not None:
            self._server.abandon()
            self._server = None
        self._end_state()


class _App:
    """One app's life: the factory's call, the lifespan, its requests, its end."""

    def __init__(self, factory: Callable[[], Any], stream: LogStream | None, incidents: list[Incident]) -> None:
        self.factory = factory
        self.stream = stream
        self.incidents = incidents
        self.asgi: Any = None
        self.lifespan: LifespanOn | None = None
        self.requests: set[asyncio.Task[Any]] = set()
        self.lifespan_error: BaseException | None = None

    async def startup(self, server: _Server) -> None:
        current_stream.set(self.stream)
        self.tasks_before = asyncio.all_tasks()
        # What `uvicorn --factory` does: its own logging first, then the factory, then its first line, then the lifespan.
        logging.config.dictConfig(uvicorn.config.LOGGING_CONFIG)
        logger = logging.getLogger("uvicorn.error")
        try:
            self.asgi = build_app(self.factory)
        except FactoryError as error:
            raise StartFailed(str(error)) from None
        except (Exception, SystemExit) as error:
            raise self._failure(error, "Calling the factory") from None
        logger.info("Started server process [%d]", os.getpid())
        config = uvicorn.Config(self._watched_lifespan, log_config=None, interface="asgi3", lifespan="auto", ws="none")
        self.lifespan = LifespanOn(config)
        await self.lifespan.startup()
        if self.lifespan.should_exit or (self.lifespan_error and not self._lifespan_unsupported()):
            raise self._failure(self.lifespan_error, "The lifespan's start-up")
        server.app = self
        logger.info("Uvicorn running on %s (Press CTRL+C to quit)", server.url)

    async def _watched_lifespan(self, scope: Any, receive: Any, send: Any) -> None:
        async def watched_send(message: Any) -> None:
            self._lifespan_answered = True
            await send(message)

        self._lifespan_answered = False
        try:
            await self.asgi(scope, receive, watched_send)
        except BaseException as error:
            self.lifespan_error = error
            if not self._lifespan_unsupported() and isinstance(error, Exception):
                logging.getLogger("uvicorn.error").error("Exception in 'lifespan' protocol\n", exc_info=error)
            raise

    def _lifespan_unsupported(self) -> bool:
        # The ASGI specification lets an app without lifespan raise on the scope; Starlette's always answer.
        error = self.lifespan_error
        return isinstance(error, (AssertionError, KeyError, ValueError, TypeError)) and not self._lifespan_answered

    def _failure(self, error: BaseException | None, what: str) -> Exception:
        if error is None:
            return StartFailed(f"{what} failed: the app said so in its log.")
        if (name := unfinished_function(error)) is not None:
            return NotStarted(name)
        if (variable := missing_variable(error)) is not None:
            return StartFailed(f"{what} failed: the environment variable {variable} is missing.")
        if isinstance(error, SystemExit):
            said = f": {error.code}" if isinstance(error.code, str) else f" ({error.code})"
            return StartFailed(f"{what} ended the process with sys.exit{said}.")
        if isinstance(error, NameError):
            return StartFailed(f"{what} raised NameError: {error}. {_NOT_DEFINED}")
        return StartFailed(f"{what} raised {type(error).__name__}: {str(error)[:500]}")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        current_stream.set(self.stream)
        task = asyncio.current_task()
        assert task is not None and self.lifespan is not None
        self.requests.add(task)
        scope["state"] = self.lifespan.state.copy()
        try:
            await self.asgi(scope, receive, send)
        except (SystemExit, KeyboardInterrupt) as error:
            # In production this ends the server; here it must not end the notebook's.
            self.incidents.append(Incident("exited", f"The service ended its process with {error!r} during a request."))
            raise RuntimeError(f"the service called {error!r}") from error
        except Exception as error:
            if (name := unfinished_function(error)) is not None:
                self.incidents.append(Incident("not started", name))
            raise
        finally:
            self.requests.discard(task)

    async def shutdown(self, server: _Server) -> None:
        current_stream.set(self.stream)
        logger = logging.getLogger("uvicorn.error")
        logger.info("Shutting down")
        server.app = None
        if self.requests:
            await asyncio.wait(self.requests, timeout=GRACE)
        for task in list(self.requests):
            task.cancel()
        if self.lifespan is not None:
            try:
                await asyncio.wait_for(self.lifespan.shutdown(), SHUTDOWN)
            except TimeoutError:
                self.incidents.append(Incident("hung", f"The lifespan's shutdown took more than {SHUTDOWN:g} s."))
        leftovers = asyncio.all_tasks() - self.tasks_before - server.tasks - {asyncio.current_task()}
        for task in leftovers:
            task.cancel()
        if leftovers:
            await asyncio.wait(leftovers, timeout=0.5)
        logger.info("Finished server process [%d]", os.getpid())


class _Server:
    """uvicorn on a daemon thread with its own event loop; hands each request to the app of the moment."""

    def __init__(self, port: int) -> None:
        self.app: _App | None = None
        self.tasks: set[Any] = set()
        try:
            self._socket = socket.create_server(("127.0.0.1", port))
        except OSError:
            raise UserError(
                f"Port {port} is taken: stop the program that uses it, or serve on another one with `port=...`."
            ) from None
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._ready: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(target=self._main, name="labs-service", daemon=True)
        self._thread.start()
        self._loop = self._ready.result(10)

    def _main(self) -> None:
        register_thread(None)
        with contextlib.suppress(SystemExit):
            asyncio.run(self._serve())

    async def _serve(self) -> None:
        config = uvicorn.Config(
            self._dispatch,
            log_config=None,
            interface="asgi3",
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=1,
        )
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[self._socket])
        self._uvicorn = server
        self._stop = asyncio.Event()
        ticker = asyncio.create_task(server.main_loop())  # keeps the Date header right
        self.tasks = set(asyncio.all_tasks())
        self._ready.set_result(asyncio.get_running_loop())
        await self._stop.wait()
        ticker.cancel()
        for listener in server.servers:
            listener.close()
        for connection in list(server.server_state.connections):
            connection.shutdown()

    async def _dispatch(self, scope: Any, receive: Any, send: Any) -> None:
        app = self.app
        if app is None or scope["type"] != "http":
            raise RuntimeError("no service is running behind this port")
        await app(scope, receive, send)

    def run(self, coroutine: Any, timeout: float) -> None:
        """Run a coroutine on the server's loop from another thread; raises FutureTimeout when it takes too long."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            future.result(timeout)
        except FutureTimeout:
            future.cancel()
            raise

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(2)
        self._socket.close()

    def abandon(self) -> None:
        """Stop listening and try to end the thread: works for a loop in Python, not for one inside C."""
        with contextlib.suppress(OSError):
            self._socket.close()
        thread_id = self._thread.ident
        if thread_id is not None:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), ctypes.py_object(SystemExit))
