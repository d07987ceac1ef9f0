"""The learner's end of grading: serve `create_app` from a running kernel on behalf of a judge in another process.

The judge executes `attach(port, token)` in the kernel once: a cell that goes on until the judge hangs up, and does what
it asks for meanwhile, as `lab.check()` does in a learner's notebook. The messages of `kernel_messages` go over one
connection to the judge on this machine. Of what the kernel says the judge believes only where the service listens: what
the service is worth shows on the wire.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading

from IPython import get_ipython

from labs.errors import UserError
from labs.grading.kernels.kernel_messages import (
    MAX_DETAIL,
    MAX_FUNCTION,
    MAX_INCIDENTS,
    MAX_SENTENCE,
    TO_KERNEL,
    FromKernel,
    Hello,
    Logged,
    Serving,
    Start,
    StartFailure,
    Stopped,
    Unwritten,
)
from labs.service.host import Environment, Incident, StartFailed, Unimplemented
from labs.service.messages import decode, encode
from labs.service.runner import Runner
from labs.service.stream import LogStream

__all__ = ["attach", "start", "stop"]

MAX_LOGGED = 1_000_000  # characters of log in one message: as JSON they stay below MAX_LINE

_link: _Link | None = None


class _Link:
    """The connection to the judge, and the service behind it."""

    def __init__(self, port: int, token: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._socket.settimeout(None)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lock = threading.Lock()
        self.say(Hello(token))
        self.runner = Runner(lambda: None)
        self.runner.new_stream = lambda: _ForwardedStream(self)

    def serve(self) -> None:
        """Do what the judge asks for, in this thread. A cell for each question would take longer than the answers."""
        with self._socket, self._socket.makefile("rb") as questions:
            for line in questions:
                question = decode(line, *TO_KERNEL)
                if isinstance(question, Start):
                    start(question.env)
                else:
                    stop()

    def say(self, message: Hello | FromKernel) -> None:
        """Send a message, from whichever thread."""
        line = encode(message)
        with self._lock:
            self._socket.sendall(line)


class _ForwardedStream(LogStream):
    """A log stream whose lines go to the judge as they are written; those of one traceback go together."""

    def __init__(self, link: _Link) -> None:
        super().__init__()
        self._link = link

    def _append(self, lines: list[str]) -> None:
        super()._append(lines)
        if sum(map(len, lines)) + len(lines) <= MAX_LOGGED:
            self._link.say(Logged("\n".join(lines)))
        else:
            for line in lines:
                self._link.say(Logged(line[:MAX_LOGGED]))


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


def start(env: Environment) -> None:
    """Serve the notebook's `create_app` in this environment and tell the judge where."""
    assert _link is not None
    shell = get_ipython()
    factory = shell.user_ns.get("create_app") if shell is not None else None
    if factory is None:
        _link.say(StartFailure("The notebook defines no `create_app`: its cell is missing or did not run."))
        return
    _link.runner.factory = factory
    try:
        _link.say(Serving(_link.runner.start(env)))
    except Unimplemented as error:
        _link.say(Unwritten(str(error)[:MAX_FUNCTION]))
    except (StartFailed, UserError) as error:
        _link.say(StartFailure(str(error)[:MAX_SENTENCE]))


def stop() -> None:
    """Stop the service; the answer comes after its last log line."""
    assert _link is not None
    _link.runner.stop()
    incidents = _link.runner.incidents[:MAX_INCIDENTS]
    _link.say(Stopped(tuple(Incident(incident.kind, incident.detail[:MAX_DETAIL]) for incident in incidents)))
