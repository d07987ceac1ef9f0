"""The judge's end of grading: a service that runs in somebody's kernel, seen from another process."""

from __future__ import annotations

import contextlib
import queue
import secrets
import socket
import threading
import time
from enum import Enum
from typing import TYPE_CHECKING

from labs.grading.kernels.kernel_messages import (
    FROM_KERNEL,
    MAX_LINE,
    FromKernel,
    Hello,
    Logged,
    Serving,
    Start,
    StartFailure,
    Stop,
    Stopped,
    ToKernel,
    Unwritten,
)
from labs.service.host import Environment, Incident, IncidentKind, StartFailed, Unimplemented
from labs.service.messages import decode, encode
from labs.service.stream import LogStream

if TYPE_CHECKING:
    from labs.grading.kernels.papermill_client import Kernel

__all__ = ["KernelHost"]

GONE = "The notebook's process has ended or no longer answers."
NONSENSE = "The notebook's process sent an answer that makes no sense."
MAX_ANSWERS = 100  # that wait: whoever sends more does not get through
TICK = 0.2  # seconds between two looks at whether the kernel is still there
ATTACH = 30.0  # seconds for the kernel to finish what it does and to import our end
PATIENCE = 10.0  # seconds for it to take up what it is asked to do, from then on


class _Event(Enum):
    """What happens on the connection besides messages that can be read."""

    ATTACHED = "the kernel that was asked has connected"
    NONSENSE = "a message came that is not one of the kernel's, or that is out of bounds"
    GONE = "the connection has ended"


class KernelHost:
    """Serves the `create_app` of a kernel. Implements `labs.service.Host`.

    What comes back over the connection is decoded within the bounds of `kernel_messages`, and never trusted further
    than a URL on 127.0.0.1, log lines and a sentence. A kernel that ends or hangs under one check is started anew for
    the next one.
    """

    def __init__(self) -> None:
        self.stream = LogStream()
        self.incidents: list[Incident] = []
        self.lost = 0  # kernels that ended or hung while they were judged
        self.processor: int | None = None  # on which the kernel is to serve; None: wherever it likes
        self.deadline = float("inf")  # time.monotonic() from which on nothing is started any more
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._kernel: Kernel | None = None
        self._answers: queue.Queue[FromKernel | _Event] = queue.Queue()
        self._running = False
        self._attached = False
        self._connection: socket.socket | None = None

    @property
    def port(self) -> int:
        """Where the kernel has to connect to."""
        port: int = self._listener.getsockname()[1]
        return port

    def use(self, kernel: Kernel) -> None:
        """Serve what this kernel has defined."""
        self._kernel = kernel
        self._attached = self._attach()

    def close(self) -> None:
        """Let nobody connect any more."""
        self._hang_up()
        self._listener.close()

    def _hang_up(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)
            self._connection = None

    def _attach(self) -> bool:
        assert self._kernel is not None
        self._hang_up()
        token = secrets.token_urlsafe(16)
        self._answers = queue.Queue()
        self._kernel.send(
            "from labs.grading.kernels import kernel_child; "
            f"kernel_child.attach({self.port}, {token!r}, {self.processor})"
        )
        give_up = min(self.deadline, time.monotonic() + ATTACH)
        self._listener.settimeout(TICK)
        while True:
            try:
                connection, _ = self._listener.accept()
                break
            except TimeoutError:
                if time.monotonic() > give_up or not self._kernel.alive():
                    return False
        connection.settimeout(None)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = connection
        reader = threading.Thread(target=self._read, args=(connection, token, self._answers), daemon=True)
        reader.start()
        return self._answer() is _Event.ATTACHED

    def _ready(self) -> bool:
        if not self._attached and self._kernel is not None and time.monotonic() < self.deadline:
            self._attached = self._kernel.revive() and self._attach()
        return self._attached

    def _lose(self) -> None:
        self._attached = False
        self.lost += 1

    def start(self, env: Environment) -> str:
        """Ask the kernel to serve `create_app` in this environment. Raises Unimplemented or StartFailed."""
        self.stop()
        self.stream = LogStream()
        self.incidents = []
        if time.monotonic() > self.deadline:
            raise StartFailed("The time for this notebook was over before this check could run.")
        if self._kernel is None or not self._ready():
            raise StartFailed(GONE)
        self._ask(Start(dict(env)))
        match self._answer():
            case Serving(url):
                self._running = True
                return url
            case None | _Event.GONE:
                self._lose()
                error: Exception = StartFailed(GONE)
            case Unwritten(function):
                error = Unimplemented(function)
            case StartFailure(sentence):
                error = StartFailed(sentence)
            case _:
                error = StartFailed(NONSENSE)
        self.stream.close()
        raise error

    def stop(self) -> None:
        """Ask the kernel to stop the service, and wait for the end of its log."""
        if not self._running:
            return
        self._running = False
        self._ask(Stop())
        answer = self._answer()
        if isinstance(answer, Stopped):
            self.incidents += answer.incidents
        else:
            self._lose()
            self.incidents.append(Incident(IncidentKind.EXITED, GONE))
        self.stream.close()

    def _ask(self, question: ToKernel) -> None:
        """Send a question without waiting: there is room, since none is asked before the last one was answered."""
        assert self._connection is not None
        with contextlib.suppress(OSError):  # the missing answer says enough
            self._connection.send(encode(question), socket.MSG_DONTWAIT)

    def _answer(self) -> FromKernel | _Event | None:
        """The next answer or event; None when none comes in time."""
        try:
            return self._answers.get(timeout=PATIENCE)
        except queue.Empty:
            return None

    def _read(self, connection: socket.socket, token: str, answers: queue.Queue[FromKernel | _Event]) -> None:
        """Take what the kernel sends until the connection ends. Runs in a thread of its own."""
        with connection, connection.makefile("rb") as lines:
            if _knows(lines.readline(MAX_LINE), token):
                answers.put(_Event.ATTACHED)
                while (line := lines.readline(MAX_LINE)).endswith(b"\n"):
                    self._take(line, answers)
        answers.put(_Event.GONE)

    def _take(self, line: bytes, answers: queue.Queue[FromKernel | _Event]) -> None:
        message: FromKernel | _Event
        try:
            message = decode(line, *FROM_KERNEL)
        except ValueError:
            message = _Event.NONSENSE
        if isinstance(message, Logged):
            self.stream.write(message.text + "\n")
        elif answers.qsize() < MAX_ANSWERS:
            answers.put(message)


def _knows(line: bytes, token: str) -> bool:
    """Whether this first line says the token, compared in a time that does not tell how much of it is right."""
    try:
        said = decode(line, Hello).token
    except ValueError:
        return False
    return secrets.compare_digest(said.encode(errors="replace"), token.encode())
