"""One app's life behind a server: the factory's call, the lifespan, its requests, its end."""

from __future__ import annotations

import asyncio
import logging
import logging.config
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import uvicorn
import uvicorn.config
from uvicorn.lifespan.on import LifespanOn

from labs.service.asgi import Application, Message, Receive, Scope, Send
from labs.service.factory import Factory, FactoryError, build_app, missing_variable
from labs.service.host import Incident, IncidentKind, StartFailed, Unimplemented, unfinished_function
from labs.service.server import Server
from labs.service.stream import LogStream, current_stream, register_thread

__all__ = ["GRACE", "SHUTDOWN", "App"]

GRACE = 1.0  # seconds for requests to end when the service stops
SHUTDOWN = 3.0  # seconds for the lifespan's shutdown

_NOT_DEFINED = (
    "The cell that defines it has not run, has a syntax error or is no longer there "
    '(in a notebook `lab.starter("exercise")` shows a cell as it was).'
)


class App:
    """Builds the app and runs it on a server's loop. Not to be used twice."""

    def __init__(self, factory: Factory, stream: LogStream | None, incidents: list[Incident]) -> None:
        self.incidents = incidents
        self.ended = threading.Event()
        self._factory = factory
        self._stream = stream
        self._asgi: Application | None = None
        self._lifespan: LifespanOn | None = None
        self._lifespan_error: BaseException | None = None
        self._lifespan_answered = False
        self._starting: asyncio.Task[Any] | None = None
        self._requests: set[asyncio.Task[Any]] = set()

    async def startup(self, server: Server) -> None:
        """Build the app, run its lifespan's start-up, put it behind the server. Raises Unimplemented or StartFailed."""
        current_stream.set(self._stream)
        register_thread(self._stream)  # for what the loop says itself, such as uvicorn about a request that is not HTTP
        self._tasks_before = asyncio.all_tasks()
        loop = asyncio.get_running_loop()
        # The loop's default executor would keep threads of the service that ran before.
        self._executor = ThreadPoolExecutor(thread_name_prefix="asyncio")
        loop.set_default_executor(self._executor)
        loop.set_exception_handler(self._unhandled)
        self._starting = asyncio.current_task()
        try:
            await self._startup(server)
        except BaseException:
            await self._end(server)
            raise

    def abort(self) -> None:
        """Cancel the start-up; `ended` is set when all of it has ended."""
        if self._starting is not None and not self._starting.cancelling():
            self._starting.cancel()

    async def _startup(self, server: Server) -> None:
        # What `uvicorn --factory` does: its logging first, then the factory, then its first line, then the lifespan.
        logging.config.dictConfig(uvicorn.config.LOGGING_CONFIG)
        logger = logging.getLogger("uvicorn.error")
        try:
            self._asgi = build_app(self._factory)
        except FactoryError as error:
            raise StartFailed(str(error)) from None
        except (Exception, SystemExit) as error:
            raise self._failure(error, "Calling the factory") from None
        logger.info("Started server process [%d]", os.getpid())
        config = uvicorn.Config(self._watched_lifespan, log_config=None, interface="asgi3", lifespan="auto", ws="none")
        self._lifespan = LifespanOn(config)
        await self._lifespan.startup()
        if self._lifespan.should_exit or (self._lifespan_error and not self._lifespan_unsupported()):
            raise self._failure(self._lifespan_error, "The lifespan's start-up")
        server.app = self
        logger.info("Uvicorn running on %s (Press CTRL+C to quit)", server.url)

    async def shutdown(self, server: Server) -> None:
        """Let requests end, run the lifespan's shutdown, cancel what is left."""
        current_stream.set(self._stream)
        logger = logging.getLogger("uvicorn.error")
        logger.info("Shutting down")
        server.app = None
        if self._requests:
            await asyncio.wait(self._requests, timeout=GRACE)
        for task in list(self._requests):
            task.cancel()
        if self._lifespan is not None:
            try:
                await asyncio.wait_for(self._lifespan.shutdown(), SHUTDOWN)
            except TimeoutError:
                self.incidents.append(
                    Incident(IncidentKind.HUNG, f"The lifespan's shutdown took more than {SHUTDOWN:g} s.")
                )
            if self._lifespan_error is not None:
                self._note_unfinished(self._lifespan_error)
        await self._end(server)
        logger.info("Finished server process [%d]", os.getpid())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        current_stream.set(self._stream)
        task = asyncio.current_task()
        assert task is not None and self._lifespan is not None and self._asgi is not None
        self._requests.add(task)
        scope["state"] = self._lifespan.state.copy()
        try:
            await self._asgi(scope, receive, send)
        except (SystemExit, KeyboardInterrupt) as error:
            # In production this ends the server; here it must not end the notebook's.
            self.incidents.append(
                Incident(IncidentKind.EXITED, f"The service ended its process with {error!r} during a request.")
            )
            raise RuntimeError(f"the service called {error!r}") from error
        except Exception as error:
            self._note_unfinished(error)
            raise
        finally:
            self._requests.discard(task)

    async def _end(self, server: Server) -> None:
        leftovers = asyncio.all_tasks() - self._tasks_before - server.tasks - {asyncio.current_task()}
        for task in leftovers:
            task.cancel()
        if leftovers:
            await asyncio.wait(leftovers, timeout=0.5)
        self._executor.shutdown(wait=False)
        asyncio.get_running_loop().set_exception_handler(None)
        register_thread(None)
        self.ended.set()

    async def _watched_lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._asgi is not None

        async def watched_send(message: Message) -> None:
            self._lifespan_answered = True
            await send(message)

        try:
            await self._asgi(scope, receive, watched_send)
        except BaseException as error:
            self._lifespan_error = error
            if not self._lifespan_unsupported() and isinstance(error, Exception):
                logging.getLogger("uvicorn.error").error("Exception in 'lifespan' protocol\n", exc_info=error)
            raise

    def _lifespan_unsupported(self) -> bool:
        # The ASGI specification lets an app without lifespan raise on the scope; Starlette's always answer.
        error = self._lifespan_error
        return isinstance(error, (AssertionError, KeyError, ValueError, TypeError)) and not self._lifespan_answered

    def _failure(self, error: BaseException | None, what: str) -> Exception:
        if error is None:
            return StartFailed(f"{what} failed: the app said so in its log.")
        if (name := unfinished_function(error)) is not None:
            return Unimplemented(name)
        if (variable := missing_variable(error)) is not None:
            return StartFailed(f"{what} failed: the environment variable {variable} is missing.")
        if isinstance(error, SystemExit):
            said = f": {error.code}" if isinstance(error.code, str) else f" ({error.code})"
            return StartFailed(f"{what} ended the process with sys.exit{said}.")
        if isinstance(error, NameError):
            return StartFailed(f"{what} raised NameError: {error}. {_NOT_DEFINED}")
        return StartFailed(f"{what} raised {type(error).__name__}: {str(error)[:500]}")

    def _unhandled(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Take note of a task that has failed and that nobody waits for."""
        if (error := context.get("exception")) is not None:
            self._note_unfinished(error)
        loop.default_exception_handler(context)

    def _note_unfinished(self, error: BaseException) -> None:
        if (name := unfinished_function(error)) is not None:
            self.incidents.append(Incident(IncidentKind.UNIMPLEMENTED, name))
