"""uvicorn on a thread and event loop of its own, which stays up while the app behind it changes."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import socket
import threading
from collections.abc import Callable, Coroutine
from concurrent import futures
from typing import Any

import uvicorn

from labs.errors import UserError
from labs.service.asgi import Application, Receive, Scope, Send

__all__ = ["Blocked", "Ended", "Server"]

_NOTHING = b"No service is running behind this port: serve it again.\n"


class Blocked(Exception):
    """The server's event loop did not do in time what it was asked to do."""


class Ended(Exception):
    """The server's event loop has ended, which only the service can have done. The text says how."""


class Server:
    """Listens on a port of 127.0.0.1 and hands each request to the app of the moment."""

    def __init__(self, port: int) -> None:
        self.app: Application | None = None  # what answers the requests
        self.tasks: set[asyncio.Task[Any]] = set()  # the server's own
        try:
            self._socket = socket.create_server(("127.0.0.1", port))
        except OverflowError:
            raise UserError(f"{port} is not a port: ports go from 1 to 65535.") from None
        except OSError as error:
            if error.errno == errno.EACCES:
                raise UserError(f"Port {port} is not open to you: take one from 1024 on with `port=...`.") from None
            raise UserError(
                f"Port {port} is taken: stop the program that uses it, or serve on another one with `port=...`."
            ) from None
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._end: futures.Future[str] = futures.Future()  # how the loop came to its end
        self._ready: futures.Future[asyncio.AbstractEventLoop] = futures.Future()
        self._thread = threading.Thread(target=self._main, name="labs-service", daemon=True)
        self._thread.start()
        self._loop = self._ready.result(10)

    @property
    def alive(self) -> bool:
        """Whether the event loop is still there."""
        return not self._end.done()

    def run(self, coroutine: Coroutine[Any, Any, object], timeout: float) -> None:
        """Run a coroutine on the server's loop, from another thread. Raises Blocked, Ended, or what it raises."""
        if not self.alive:
            coroutine.close()
            raise Ended(self._last_words())
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        either: list[futures.Future[Any]] = [future, self._end]
        done, _ = futures.wait(either, timeout, futures.FIRST_COMPLETED)
        if not done:
            future.cancel()
            raise Blocked
        if future not in done or future.cancelled():  # a loop that ends cancels what is left in it
            raise Ended(self._last_words())
        future.result()

    def call(self, function: Callable[[], object]) -> None:
        """Have a function called on the server's loop, from another thread, without waiting for it."""
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(function)

    def close(self) -> None:
        """End the loop and give the port back."""
        self.call(self._stop.set)
        self._thread.join(2)

    def abandon(self) -> None:
        """Leave a loop that is blocked: stop listening, and end the thread as soon as Python gets hold of it."""
        with contextlib.suppress(OSError):
            self._socket.close()
        self.call(self._stop.set)
        if self._thread.ident is not None:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread.ident), ctypes.py_object(SystemExit))

    def _last_words(self) -> str:
        try:
            return self._end.result(1)
        except futures.TimeoutError:
            return "The service cancelled tasks that were not its own."

    def _main(self) -> None:
        with asyncio.Runner() as runner:
            try:
                runner.run(self._serve())
                self._end.set_result("The server was closed.")
            except BaseException as error:  # sys.exit in a task, or `abandon`
                self._end.set_result(f"The service ended its process with {error!r}.")
            finally:
                self._socket.close()

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

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.app
        if app is not None and scope["type"] == "http":
            return await app(scope, receive, send)
        headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(_NOTHING)).encode())]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": _NOTHING})
