"""Serve one app after another from this process: uvicorn on a thread and loop of its own, swapped in a millisecond."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from labs.service.app import GRACE, SHUTDOWN, App
from labs.service.factory import Factory, FactoryError, check_factory
from labs.service.host import STUCK, Environment, Incident, IncidentKind, StartFailed
from labs.service.process_state import fresh_process_state
from labs.service.server import Blocked, Ended, Server
from labs.service.stream import LogStream, capture_output

__all__ = ["Runner"]

RESPONSIVE = 1.0  # seconds for the event loop to show that it turns


class Runner:
    """Runs a factory's app in this process, on a real port of 127.0.0.1. Implements `labs.service.Host`.

    One uvicorn server stays up; `start` puts another app behind it after the old one's lifespan has ended. An app
    that blocks the loop costs its thread: the next start gets a new one, on a new port unless `port` was asked for.
    """

    def __init__(
        self,
        factory: Factory,
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
        self._server: Server | None = None
        self._app: App | None = None
        self._state: contextlib.ExitStack | None = None

    def start(self, env: Environment) -> str:
        """Build, start and serve the app. Raises Unimplemented, StartFailed, or UserError when the port is taken."""
        self.stop()
        self.stream = self.new_stream()
        self.incidents = []
        try:
            check_factory(self.factory)
        except FactoryError as error:
            self.stream.close()
            raise StartFailed(str(error)) from None
        if self._server is None or not self._server.alive:
            self._server = Server(self.port)
        if self.capture:
            capture_output()
        namespace = getattr(self.factory, "__globals__", {})
        self._state = contextlib.ExitStack()
        self._state.enter_context(fresh_process_state(env, namespace, keep_globals=self.keep_globals))
        app = App(self.factory, self.stream if self.capture else None, self.incidents)
        try:
            self._server.run(app.startup(self._server), self.start_timeout)
        except BaseException as error:  # KeyboardInterrupt, too: the cell was interrupted
            if not app.ended.is_set():
                self._give_up(app)
            self._end_state()
            if isinstance(error, Blocked):
                raise StartFailed(
                    f"The app did not start listening within {self.start_timeout:g} s: "
                    "something in the factory or in the lifespan's start-up blocks or waits for ever."
                ) from None
            if isinstance(error, Ended):
                raise StartFailed(str(error)) from None
            raise
        self._app = app
        return self._server.url

    def stop(self) -> None:
        """End requests, run the lifespan's shutdown and close the log stream."""
        app, self._app = self._app, None
        if app is not None and self._server is not None:
            try:
                self._server.run(asyncio.sleep(0), RESPONSIVE)
                self._server.run(app.shutdown(self._server), GRACE + SHUTDOWN + 1)
            except Blocked:
                app.incidents = []  # what the abandoned thread still tells is our own doing
                self.incidents.append(STUCK)
                self._abandon()
            except Ended as error:
                self.incidents.append(Incident(IncidentKind.EXITED, str(error)))
            except KeyboardInterrupt:
                self._abandon()
                self._end_state()
                raise
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

    def _give_up(self, app: App) -> None:
        """End a start-up that takes too long: the server stays if its loop turns."""
        assert self._server is not None
        self._server.call(app.abort)
        if not self._server.alive or not app.ended.wait(RESPONSIVE):
            self._abandon()

    def _abandon(self) -> None:
        """Leave a server whose loop is blocked: nothing more can be asked of it."""
        if self._server is not None:
            self._server.abandon()
            self._server = None
