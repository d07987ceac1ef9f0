"""The judge's end of grading: a service that runs in somebody's kernel, seen from another process."""

from __future__ import annotations

import contextlib
import json
import queue
import re
import secrets
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

from labs.service.host import Environment, Incident, IncidentKind, StartFailed, Unimplemented
from labs.service.stream import LogStream

if TYPE_CHECKING:
    from labs.grading.kernels.papermill_engine import Kernel

__all__ = ["KernelHost"]

MAX_LINE = 8 * 1024 * 1024  # bytes: a longer message ends the connection
KINDS = tuple(IncidentKind)  # what a kernel may say
GONE = "The notebook's process has ended or no longer answers."
MAX_ANSWERS = 100  # that wait: whoever sends more does not get through
TICK = 0.2  # seconds between two looks at whether the kernel is still there
ATTACH = 30.0  # seconds for the kernel to finish what it does and to import our end
PATIENCE = 10.0  # seconds for it to take up what it is asked to do, from then on

_OURS = re.compile(r"http://127\.0\.0\.1:([0-9]{1,5})")


class KernelHost:
    """Serves the `create_app` of a kernel. Implements `labs.service.Host`.

    What comes back over the connection is read as JSON with bounded lines and never trusted further than a URL on
    127.0.0.1, log lines and a sentence. A kernel that ends or hangs under one check is started anew for the next one.
    """

    def __init__(self) -> None:
        self.stream = LogStream()
        self.incidents: list[Incident] = []
        self.lost = 0  # kernels that ended or hung while they were judged
        self.processor: int | None = None  # on which the kernel is to serve; None: wherever it likes
        self.deadline = float("inf")  # time.monotonic() from which on nothing is started any more
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._kernel: Kernel | None = None
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._running = False
        self._attached = False
        self._connection: socket.socket | None = None

    @property
    def port(self) -> int:
        """Where the kernel has to connect to."""
        return self._listener.getsockname()[1]

    def use(self, kernel: Kernel) -> None:
        """Judge what this kernel has defined."""
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
        return self._answer(PATIENCE) == {"attached": True}

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
        self._ask(start=dict(env))
        answer = self._answer(PATIENCE)
        url = answer.get("url") if answer else None
        if isinstance(url, str) and (port := _OURS.fullmatch(url)) and int(port[1]) < 2**16:
            self._running = True
            return url
        self.stream.close()
        if answer is None or "gone" in answer:
            self._lose()
            raise StartFailed(GONE)
        if "not_started" in answer:
            raise Unimplemented(str(answer["not_started"])[:200])
        raise StartFailed(
            str(answer.get("failed", "The notebook's process sent an answer that makes no sense."))[:2000]
        )

    def stop(self) -> None:
        """Ask the kernel to stop the service, and wait for the end of its log."""
        if not self._running:
            return
        self._running = False
        self._ask(stop=True)
        answer = self._answer(PATIENCE)
        if answer is None or "stopped" not in answer:
            self._lose()
            self.incidents.append(Incident(IncidentKind.EXITED, GONE))
        elif isinstance(answer["stopped"], list):
            pairs = [pair for pair in answer["stopped"][:20] if isinstance(pair, list) and len(pair) == 2]
            self.incidents += [
                Incident(IncidentKind(kind), str(detail)[:500]) for kind, detail in pairs if kind in KINDS
            ]
        self.stream.close()

    def _ask(self, **question: Any) -> None:
        """Never waits: there is room for every question, since none is asked before the last one was answered."""
        assert self._connection is not None
        with contextlib.suppress(OSError):  # the missing answer says enough
            self._connection.send(json.dumps(question).encode() + b"\n", socket.MSG_DONTWAIT)

    def _answer(self, timeout: float) -> dict[str, Any] | None:
        try:
            return self._answers.get(timeout=timeout)
        except queue.Empty:
            return None

    def _read(self, connection: socket.socket, token: str, answers: queue.Queue[dict[str, Any]]) -> None:
        with connection, connection.makefile("rb") as lines:
            first = _parse(lines.readline(MAX_LINE))
            if not secrets.compare_digest(str(first.get("token", "")).encode(errors="replace"), token.encode()):
                answers.put({"gone": True})
                return
            answers.put({"attached": True})
            while (line := lines.readline(MAX_LINE)).endswith(b"\n"):
                message = _parse(line)
                if "log" in message:
                    self.stream.write(str(message["log"]) + "\n")
                elif answers.qsize() < MAX_ANSWERS:
                    answers.put(message)
        answers.put({"gone": True})


def _parse(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}
