"""The service's log stream: what it writes to stdout and stderr, line by line, and who may wait for it."""

from __future__ import annotations

import contextvars
import sys
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, TextIO

__all__ = ["LogStream", "capture_output", "current_stream", "register_thread"]

MAX_BYTES = 8 * 1024 * 1024


class LogStream:
    """Lines written by one service, in order. Safe to write from any thread and to wait on from any other.

    Holds at most 8 MiB; what comes after is counted in `dropped` and thrown away.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._partial = threading.local()
        self._size = 0
        self._changed = threading.Condition()
        self.closed = False
        self.dropped = 0

    @property
    def lines(self) -> list[str]:
        """A copy of every complete line so far, without its newline."""
        with self._changed:
            return self._lines[:]

    def write(self, text: str) -> int:
        """Append text. A line counts once its newline is written; each thread assembles its own line."""
        pending = getattr(self._partial, "text", "") + text
        *complete, self._partial.text = pending.split("\n")
        if len(self._partial.text) > MAX_BYTES:
            self.dropped += len(self._partial.text)
            self._partial.text = ""
        if complete:
            with self._changed:
                for line in complete:
                    self._append(line)
                self._changed.notify_all()
        return len(text)

    def _append(self, line: str) -> None:
        if self._size + len(line) > MAX_BYTES:
            self.dropped += len(line)
            return
        self._size += len(line)
        self._lines.append(line)

    def wait_for(self, condition: Callable[[list[str]], Any], timeout: float) -> bool:
        """Wait until `condition(lines)` is true, at most `timeout` seconds; False when it never was."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while not condition(self._lines):
                left = deadline - time.monotonic()
                if left <= 0 or self.closed:
                    return bool(condition(self._lines))
                self._changed.wait(left)
            return True

    def close(self) -> None:
        """Say that nothing more will come: whoever waits is woken."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()


# Set around everything that a service runs; tasks and worker threads of anyio inherit it.
current_stream: contextvars.ContextVar[LogStream | None] = contextvars.ContextVar("labs_stream", default=None)
# By thread, not by its number: the system gives a dead thread's number to the next one that a service starts.
_threads: weakref.WeakKeyDictionary[threading.Thread, LogStream | None] = weakref.WeakKeyDictionary()
_running: list[LogStream] = []


def register_thread(stream: LogStream | None) -> None:
    """Send what this thread writes outside any request to `stream`; None: to where it would have gone."""
    _threads[threading.current_thread()] = stream


def _route() -> LogStream | None:
    stream = current_stream.get()
    if stream is not None:
        return stream
    thread = threading.current_thread()
    if thread in _threads:
        return _threads[thread]
    # A thread that the service started itself, such as a logging.handlers.QueueListener. It stays with the stream of
    # its first words: what it writes late must not turn up in the log of the service that is started next.
    if _running and thread is not threading.main_thread():
        return _threads.setdefault(thread, _running[-1])
    return None


class capture_output:
    """Context: while a service runs in this process, its writes to stdout and stderr go to its stream.

    Everybody else's writes go where they always went: a handler's print never ends up in a notebook cell that
    happens to run, and a cell's print never ends up in the service's log.
    """

    def __init__(self, stream: LogStream) -> None:
        self.stream = stream

    def __enter__(self) -> LogStream:
        _install()
        _running.append(self.stream)
        return self.stream

    def __exit__(self, *exc_info: object) -> None:
        _running.remove(self.stream)


def _install() -> None:
    for name in ("stdout", "stderr"):
        if not isinstance(getattr(sys, name), RoutedOutput):
            # Threads that are here before any service started are the kernel's own.
            for thread in threading.enumerate():
                if thread is not threading.main_thread():
                    _threads.setdefault(thread, None)
            setattr(sys, name, RoutedOutput(getattr(sys, name)))


class RoutedOutput:
    """A stand-in for sys.stdout that asks, at each write, whose write it is."""

    def __init__(self, original: TextIO) -> None:
        self._original = original
        self.buffer = _Buffer(self)

    def write(self, text: str) -> int:
        stream = _route()
        return stream.write(text) if stream is not None else self._original.write(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        if _route() is None:
            self._original.flush()

    def isatty(self) -> bool:
        return _route() is None and self._original.isatty()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)


class _Buffer:
    """`sys.stdout.buffer`, for loggers that write bytes (structlog.BytesLogger, orjson)."""

    def __init__(self, output: RoutedOutput) -> None:
        self._output = output

    def write(self, data: bytes) -> int:
        self._output.write(bytes(data).decode("utf-8", "backslashreplace"))
        return len(data)

    def flush(self) -> None:
        self._output.flush()
