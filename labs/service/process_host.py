"""Run a service in a process of its own: the host behind `labs check`."""

from __future__ import annotations

import contextlib
import io
import queue
import secrets
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import IO

from labs.service.host import STUCK, Environment, Incident, IncidentKind, StartFailed, Unimplemented
from labs.service.messages import decode, encode
from labs.service.process_messages import (
    FROM_CHILD,
    Ended,
    FromChild,
    Ready,
    Serving,
    Start,
    StartFailure,
    Stop,
    Stopped,
    ToChild,
    Unwritten,
)
from labs.service.processes import how_it_ended, kill_group
from labs.service.stream import LogStream

__all__ = ["ProcessHost"]

# What most services import, by kind of backing service.
_MODULES = {
    "database": ("sqlalchemy.ext.asyncio", "aiosqlite"),
    "cache": ("redis.asyncio",),
    "downstream": ("httpx",),
}
SPAWN_TIMEOUT = 60.0
STOP_TIMEOUT = 6.0  # seconds: the runner's own grace and a little more


class _Gone:
    """What comes instead of a message when the child has closed its pipe."""


class ProcessHost:
    """Serves `module:factory` from a child process. Implements `labs.service.Host`.

    Nothing is shared with the child but a pipe for commands, one for messages and one for its log: a service that
    ends its process or blocks it for ever is killed and the next start gets a new one. `backings` (kinds, such as
    cache) says what to import once instead of at each start.
    """

    def __init__(self, reference: str, *, backings: Sequence[str] = (), start_timeout: float = 30.0) -> None:
        self.reference = reference
        self.backings = backings
        self.start_timeout = start_timeout
        self.stream = LogStream()
        self.incidents: list[Incident] = []
        self._child: subprocess.Popen[bytes] | None = None
        self._messages: queue.Queue[FromChild | _Gone] = queue.Queue()
        self._readers: list[threading.Thread] = []
        self._running = False

    def start(self, env: Environment) -> str:
        """Start the service in a fresh process. Raises Unimplemented or StartFailed."""
        self.stop()
        self.stream = LogStream()
        self.incidents = []
        if self._child is not None and self._child.poll() is not None:
            self._kill()
        if self._child is None:
            self._spawn()
        self._tell(Start(dict(env)))
        self._running = True
        message = self._next(self.start_timeout)
        if message is None:
            self._kill()
            raise StartFailed(
                f"The app did not start listening within {self.start_timeout:g} s: "
                "something in the factory or in the lifespan's start-up blocks or waits for ever."
            )
        if isinstance(message, Serving):
            return message.url
        self._finish(message)
        if isinstance(message, Unwritten):
            raise Unimplemented(message.function)
        if isinstance(message, StartFailure):
            raise StartFailed(message.sentence)
        raise StartFailed(f"The process ended while starting ({_meaning(message)}).")

    def stop(self) -> None:
        """Stop the service and complete its log stream; kill it when it does not stop by itself."""
        if not self._running:
            return
        self._tell(Stop())
        message = self._next(STOP_TIMEOUT)
        if message is None:
            self._kill()
            self.incidents.append(STUCK)
            return
        if isinstance(message, Stopped):
            self.incidents += message.incidents
        else:
            self.incidents.append(Incident(IncidentKind.EXITED, f"The service's process ended ({_meaning(message)})."))
        self._finish(message)

    def close(self) -> None:
        """Stop everything."""
        self.stop()
        if self._child is not None:
            self._kill()

    def _finish(self, message: FromChild | _Gone) -> None:
        self._running = False
        if not isinstance(message, Ended) and not isinstance(self._next(STOP_TIMEOUT), Ended):
            self._kill()  # also when the process that keeps the service's is gone: the service may still be there
        self.stream.wait_for(lambda _: self.stream.closed, 2.0)
        self.stream.close()

    def _spawn(self) -> None:
        self._log_end = f"labs-end-{secrets.token_hex(8)}"
        self._messages = queue.Queue()
        modules = ["fastapi", *(module for kind in self.backings for module in _MODULES[kind])]
        self._child = subprocess.Popen(
            [sys.executable, "-m", "labs.service.process_child", self.reference, self._log_end, *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=sys.platform != "win32",
        )
        child = self._child
        assert child.stdout is not None and child.stderr is not None
        self._readers = []
        for target, raw in ((self._read_messages, child.stdout), (self._read_log, child.stderr)):
            # Only "\n" ends a line: a "\r" that a service logs is for the checks to see.
            pipe = io.TextIOWrapper(raw, "utf-8", "backslashreplace", newline="\n")
            self._readers.append(threading.Thread(target=target, args=(pipe, child, self._messages), daemon=True))
            self._readers[-1].start()
        # What Python needs for itself on a busy machine must not count against the service.
        if not isinstance(self._next(SPAWN_TIMEOUT), Ready):
            self._kill()
            raise StartFailed(
                "The process for the service did not come up: Python could not import labs.service.process_child."
            )

    def _read_messages(self, pipe: IO[str], child: object, messages: queue.Queue[FromChild | _Gone]) -> None:
        with pipe:
            for line in pipe:
                with contextlib.suppress(ValueError):  # a service that writes there is not listened to
                    messages.put(decode(line, *FROM_CHILD))
        messages.put(_Gone())

    def _read_log(self, pipe: IO[str], child: object, messages: object) -> None:
        with pipe:
            while line := pipe.readline(1024 * 1024):
                if self._child is not child:  # it was killed: the stream belongs to the next one
                    return
                if line.strip() == self._log_end:
                    self.stream.close()
                else:
                    self.stream.write(line)

    def _tell(self, command: ToChild) -> None:
        assert self._child is not None and self._child.stdin is not None
        with contextlib.suppress(OSError):
            self._child.stdin.write(encode(command))
            self._child.stdin.flush()

    def _next(self, timeout: float) -> FromChild | _Gone | None:
        """The child's next message; None when none comes in so many seconds."""
        try:
            return self._messages.get(timeout=timeout)
        except queue.Empty:
            return None

    def _kill(self) -> None:
        self._running = False
        child = self._child
        if child is None or child.stdin is None:
            return
        kill_group(child)
        for reader in self._readers:
            reader.join(1)  # a process that left the group may hold the pipes open
        self._child = None
        with contextlib.suppress(OSError):
            child.stdin.close()
        self.stream.close()


def _meaning(message: FromChild | _Gone) -> str:
    return how_it_ended(message.code) if isinstance(message, Ended) else "killed together with its parent"
