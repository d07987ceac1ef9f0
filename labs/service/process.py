"""Run a service in a process of its own: the host behind `labs check`."""

from __future__ import annotations

import contextlib
import json
import queue
import secrets
import subprocess
import sys
import threading
from typing import IO, Any

from labs.service.host import Environment, Incident, NotStarted, StartFailed
from labs.service.stream import LogStream

__all__ = ["ProcessHost"]

STOP_TIMEOUT = 6.0  # seconds: the runner's own grace and a little more


class ProcessHost:
    """Serves `module:factory` from a child process. Implements `labs.service.Host`.

    Nothing is shared with the child but a pipe for commands, one for answers and one for its log: a service that
    ends its process or blocks it for ever is killed and the next start gets a new one.
    """

    def __init__(self, reference: str, *, start_timeout: float = 10.0) -> None:
        self.reference = reference
        self.start_timeout = start_timeout
        self.stream = LogStream()
        self.incidents: list[Incident] = []
        self._child: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._service_pid: int | None = None
        self._running = False

    def start(self, env: Environment) -> str:
        """Start the service in a fresh process. Raises NotStarted or StartFailed."""
        self.stop()
        self.stream = LogStream()
        self.incidents = []
        if self._child is None or self._child.poll() is not None:
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
            self._service_pid = answer["pid"]
            return str(answer["url"])
        self._finish(answer)
        if "not_started" in answer:
            raise NotStarted(answer["not_started"])
        if "failed" in answer:
            raise StartFailed(answer["failed"])
        raise StartFailed(f"The process ended while starting ({_meaning(answer.get('exit', 0))}).")

    def stop(self) -> None:
        """Stop the service and complete its log stream; kill it when it does not stop by itself."""
        if not self._running:
            return
        self._tell(do="stop")
        answer = self._answer(STOP_TIMEOUT)
        if answer is None:
            self._kill()
            self.incidents.append(Incident("hung", "The service did not stop: something blocks its event loop."))
            return
        if "incidents" in answer:
            self.incidents += [Incident(kind, detail) for kind, detail in answer["incidents"]]
        elif "exit" in answer:
            self.incidents.append(Incident("exited", f"The service's process ended ({_meaning(answer['exit'])})."))
        self._finish(answer)

    def close(self) -> None:
        """Stop everything."""
        self.stop()
        if self._child is not None:
            self._kill()

    def _finish(self, answer: dict[str, Any]) -> None:
        self._running = False
        if "exit" not in answer and self._answer(STOP_TIMEOUT) is None:
            self._kill()
        self.stream.wait_for(lambda _: self.stream.closed, 2.0)
        self.stream.close()

    def _spawn(self) -> None:
        self._log_end = f"labs-end-{secrets.token_hex(8)}"
        self._answers = queue.Queue()
        self._child = subprocess.Popen(
            [sys.executable, "-m", "labs.service.child", self.reference, self._log_end],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="backslashreplace",
            bufsize=1,
            start_new_session=sys.platform != "win32",
        )
        assert self._child.stdout is not None and self._child.stderr is not None
        for target, pipe in ((self._read_answers, self._child.stdout), (self._read_log, self._child.stderr)):
            threading.Thread(target=target, args=(pipe, self._answers), daemon=True).start()

    def _read_answers(self, pipe: IO[str], answers: queue.Queue[dict[str, Any]]) -> None:
        for line in pipe:
            with contextlib.suppress(ValueError):
                answers.put(json.loads(line))
        answers.put({"exit": -9})

    def _read_log(self, pipe: IO[str], answers: queue.Queue[dict[str, Any]]) -> None:
        while line := pipe.readline(1024 * 1024):
            if line.strip() == self._log_end:
                self.stream.close()
            else:
                self.stream.write(line)
        self.stream.close()

    def _tell(self, **command: Any) -> None:
        assert self._child is not None and self._child.stdin is not None
        with contextlib.suppress(OSError):
            self._child.stdin.write(json.dumps(command) + "\n")

    def _answer(self, timeout: float) -> dict[str, Any] | None:
        try:
            return self._answers.get(timeout=timeout)
        except queue.Empty:
            return None

    def _kill(self) -> None:
        self._running = False
        child, self._child = self._child, None
        if child is None:
            return
        if sys.platform == "win32":
            child.kill()
        else:
            import os
            import signal

            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        self.stream.close()


def _meaning(code: int) -> str:
    if code < 0:
        return f"killed by signal {-code}"
    return f"exit code {code}"
