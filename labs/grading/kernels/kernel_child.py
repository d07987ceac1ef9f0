"""The learner's end of grading: serve `create_app` from a running kernel on behalf of a judge in another process.

The judge executes `attach(port, token)` in the kernel once: a cell that goes on until the judge hangs up, and does what
it asks for meanwhile, as `lab.check()` does in a learner's notebook. Questions and answers are JSON lines over one
connection to the judge on this machine: `{"start": environment}` and `{"stop": true}`. The judge believes none of the
answers beyond where the service listens: what the service is worth shows on the wire.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
from typing import Any

from IPython import get_ipython

from labs.errors import UserError
from labs.service.host import StartFailed, Unimplemented
from labs.service.runner import Runner
from labs.service.stream import LogStream

__all__ = ["attach", "start", "stop"]

MAX_LOGGED = 1_000_000  # characters of one message: as JSON, what the judge takes of one is more

_link: _Link | None = None


class _Link:
    """The connection to the judge, and the service behind it."""

    def __init__(self, port: int, token: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._socket.settimeout(None)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lock = threading.Lock()
        self.say(token=token)
        self.runner = Runner(lambda: None)
        self.runner.new_stream = lambda: _ForwardedStream(self)

    def serve(self) -> None:
        """Do what the judge asks for, in this thread. A cell for each question would take longer than the answers."""
        with self._socket, self._socket.makefile("rb") as questions:
            for question in map(json.loads, questions):
                if "start" in question:
                    start(question["start"])
                else:
                    stop()

    def say(self, **message: Any) -> None:
        with self._lock:
            self._socket.sendall(json.dumps(message).encode() + b"\n")


class _ForwardedStream(LogStream):
    """A log stream whose lines go to the judge as they are written; those of one traceback go together."""

    def __init__(self, link: _Link) -> None:
        super().__init__()
        self._link = link

    def _append(self, lines: list[str]) -> None:
        super()._append(lines)
        if sum(map(len, lines)) + len(lines) <= MAX_LOGGED:
            self._link.say(log="\n".join(lines))
        else:
            for line in lines:
                self._link.say(log=line[:MAX_LOGGED])


def attach(port: int, token: str, processor: int | None = None) -> None:
    """Serve the judge that listens on this port until it hangs up; the service is run on this processor alone.

    Threads that take turns under one lock, as Python's do, lose a fifth of their time on the way between processors.
    """
    global _link
    if processor is not None:
        with contextlib.suppress(AttributeError, OSError):  # not on Linux, or not ours to choose
            os.sched_setaffinity(0, {processor})
    _link = _Link(port, token)
    _link.serve()


def start(env: dict[str, str | None]) -> None:
    """Serve the notebook's `create_app` in this environment and tell the judge where."""
    assert _link is not None
    shell = get_ipython()
    factory = shell.user_ns.get("create_app") if shell is not None else None
    if factory is None:
        return _link.say(failed="The notebook defines no `create_app`: its cell is missing or did not run.")
    _link.runner.factory = factory
    try:
        _link.say(url=_link.runner.start(env))
    except Unimplemented as error:
        _link.say(not_started=str(error))
    except (StartFailed, UserError) as error:
        _link.say(failed=str(error))


def stop() -> None:
    """Stop the service; the answer comes after its last log line."""
    assert _link is not None
    _link.runner.stop()
    _link.say(stopped=[[incident.kind, incident.detail] for incident in _link.runner.incidents])
