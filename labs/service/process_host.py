"""Run a service in a process of its own: the host behind `labs check`."""

from __future__ import annotations

import contextlib
import io
import json
import queue
import secrets
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import IO, Any

from labs.service.host import STUCK, Environment, Incident, IncidentKind, StartFailed, Unimplemented
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


class ProcessHost:
    """Serves `module:factory` from a child process. Implements `labs.service.Host`.

    Nothing is shared with the child but a pipe for commands, one for answers and one for its log: a service that
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
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
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
        self._tell(do="start", env=dict(env))
        self._running = True
        answer = self._answer(self.start_timeout)
        if answer is None:
            self._kill()
            raise StartFailed(
                f"The app did not start listening within {self.start_timeout:g} s: "
                "something in the factory or in the lifespan's start-up blocks or waits for ever."
            )
        if "url" in answer:
            return str(answer["url"])
        self._finish(answer)
        if "not_started" in answer:
            raise Unimplemented(answer["not_started"])
        if "failed" in answer:
            raise StartFailed(answer["failed"])
        raise StartFailed(f"The process ended while starting ({_meaning(answer)}).")

    def stop(self) -> None:
        """Stop the service and complete its log stream; kill it when it does not stop by itself."""
        if not self._running:
            return
        self._tell(do="stop")
        answer = self._answer(STOP_TIMEOUT)
        if answer is None:
            self._kill()
            self.incidents.append(STUCK)
            return
        if "incidents" in answer:
            self.incidents += [Incident(IncidentKind(kind), detail) for kind, detail in answer["incidents"]]
        else:
            self.incidents.append(Incident(IncidentKind.EXITED, f"The service's process ended ({_meaning(answer)})."))
        self._finish(answer)

    def close(self) -> None:
        """Stop everything."""
        self.stop()
        if self._child is not None:
            self._kill()

    def _finish(self, answer: dict[str, Any]) -> None:
        self._running = False
        if "exit" not in answer and "exit" not in (self._answer(STOP_TIMEOUT) or {}):
            self._kill()  # also when the process that keeps the service's is gone: the service may still be there
        self.stream.wait_for(lambda _: self.stream.closed, 2.0)
        self.stream.close()

    def _spawn(self) -> None:
        self._log_end = f"labs-end-{secrets.token_hex(8)}"
        self._answers = queue.Queue()
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
        for target, raw in ((self._read_answers, child.stdout), (self._read_log, child.stderr)):
            # Only "\n" ends a line: a "\r" that a service logs is for the checks to see.
            pipe = io.TextIOWrapper(raw, "utf-8", "backslashreplace", newline="\n")
            self._readers.append(threading.Thread(target=target, args=(pipe, child, self._answers), daemon=True))
            self._readers[-1].start()
        # What Python needs for itself on a busy machine must not count against the service.
        if self._answer(SPAWN_TIMEOUT) != {"ready": True}:
            self._kill()
            raise StartFailed(
                "The process for the service did not come up: Python could not import labs.service.process_child."
            )

    def _read_answers(self, pipe: IO[str], child: object, answers: queue.Queue[dict[str, Any]]) -> None:
        with pipe:
            for line in pipe:
                with contextlib.suppress(ValueError):
                    answers.put(json.loads(line))
        answers.put({"gone": True})

    def _read_log(self, pipe: IO[str], child: object, answers: queue.Queue[dict[str, Any]]) -> None:
        with pipe:
            while line := pipe.readline(1024 * 1024):
                if self._child is not child:  # it was killed: the stream belongs to the next one
                    return
                if line.strip() == self._log_end:
                    self.stream.close()
                else:
                    self.stream.write(line)

    def _tell(self, **command: Any) -> None:
        assert self._child is not None and self._child.stdin is not None
        with contextlib.suppress(OSError):
            self._child.stdin.write(json.dumps(command).encode() + b"\n")
            self._child.stdin.flush()

    def _answer(self, timeout: float) -> dict[str, Any] | None:
        try:
            return self._answers.get(timeout=timeout)
        except queue.Empty:
            return None

    def _kill(self) -> None:
        self._running = False
        child = self._child
        if child is None or child.stdin is None:
            return
        if sys.platform == "win32":
            child.kill()
        else:
            import os
            import signal

            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        for reader in self._readers:
            reader.join(1)  # a process that left the group may hold the pipes open
        self._child = None
        with contextlib.suppress(OSError):
            child.stdin.close()
        self.stream.close()


def _meaning(answer: dict[str, Any]) -> str:
    code = answer.get("exit")
    if code is None:
        return "killed together with its parent"
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"
