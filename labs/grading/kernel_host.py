"""The judge's end of grading: a service that runs in somebody's kernel, seen from another process."""

from __future__ import annotations

import json
import queue
import secrets
import socket
import threading
from collections.abc import Callable
from typing import Any

from labs.service.host import Environment, Incident, NotStarted, StartFailed
from labs.service.stream import LogStream

__all__ = ["KernelHost"]

MAX_LINE = 1024 * 1024  # bytes: a longer message ends the connection
ATTACH = 30.0  # seconds for the kernel to finish what it does and to import our end
PATIENCE = 10.0  # seconds for it to take up what it is asked to do, from then on


class KernelHost:
    """Serves the `create_app` of a kernel. Implements `labs.service.Host`.

    `execute` runs code in the kernel without waiting for it. What comes back over the connection is read as JSON with
    bounded lines and never trusted further than a URL on 127.0.0.1, log lines and a sentence.
    """

    def __init__(self, execute: Callable[[str], Any]) -> None:
        self.stream = LogStream()
        self.incidents: list[Incident] = []
        self._execute = execute
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._running = False
        self._alive = self._attach()

    def _attach(self) -> bool:
        token = secrets.token_urlsafe(16)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(ATTACH)
            port = listener.getsockname()[1]
            self._execute(f"import labs.service.kernel; labs.service.kernel.attach({port}, {token!r})")
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                return False
        threading.Thread(target=self._read, args=(connection, token), daemon=True).start()
        return self._answer(PATIENCE) == {"attached": True}

    def start(self, env: Environment) -> str:
        """Ask the kernel to serve `create_app` in this environment. Raises NotStarted or StartFailed."""
        self.stop()
        self.stream = LogStream()
        self.incidents = []
        if not self._alive:
            raise StartFailed("The notebook's process has ended or no longer answers.")
        self._execute(f"labs.service.kernel.start({dict(env)!r})")
        answer = self._answer(PATIENCE)
        url = answer.get("url") if answer else None
        if isinstance(url, str) and url.startswith("http://127.0.0.1:") and url[17:].isdigit():
            self._running = True
            return url
        self.stream.close()
        if answer is None or "gone" in answer:
            self._alive = False
            raise StartFailed("The notebook's process has ended or no longer answers.")
        if "not_started" in answer:
            raise NotStarted(str(answer["not_started"])[:200])
        raise StartFailed(
            str(answer.get("failed", "The notebook's process sent an answer that makes no sense."))[:2000]
        )

    def stop(self) -> None:
        """Ask the kernel to stop the service, and wait for the end of its log."""
        if not self._running:
            return
        self._running = False
        self._execute("labs.service.kernel.stop()")
        answer = self._answer(PATIENCE)
        if answer is None or "stopped" not in answer:
            self._alive = False
            self.incidents.append(Incident("exited", "The notebook's process has ended or no longer answers."))
        elif isinstance(answer["stopped"], list):
            pairs = [pair for pair in answer["stopped"][:20] if isinstance(pair, list) and len(pair) == 2]
            self.incidents += [Incident(str(kind)[:50], str(detail)[:500]) for kind, detail in pairs]
        self.stream.close()

    def _answer(self, timeout: float) -> dict[str, Any] | None:
        try:
            return self._answers.get(timeout=timeout)
        except queue.Empty:
            return None

    def _read(self, connection: socket.socket, token: str) -> None:
        with connection, connection.makefile("rb") as lines:
            first = _parse(lines.readline(MAX_LINE))
            if not secrets.compare_digest(str(first.get("token", "")).encode(), token.encode()):
                self._answers.put({"gone": True})
                return
            self._answers.put({"attached": True})
            while (line := lines.readline(MAX_LINE)).endswith(b"\n"):
                message = _parse(line)
                if "log" in message:
                    self.stream.write(str(message["log"]) + "\n")
                else:
                    self._answers.put(message)
        self._answers.put({"gone": True})


def _parse(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}
