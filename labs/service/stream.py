"""The service's log stream: what it writes to stdout and stderr, line by line, and who may wait for it."""

from __future__ import annotations

import contextvars
import functools
import io
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from typing import Any, TextIO

__all__ = ["LogStream", "capture_output", "current_stream", "register_thread"]

MAX_BYTES = 8 * 1024 * 1024


class LogStream:
    """Lines written by one service, in order. Safe to write from any thread and to wait on from any other.

    Holds at most 8 MiB; what comes after that, or after `close`, is counted in `dropped` and thrown away.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._partial: dict[int, str] = {}  # by thread: the line that it has begun
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
        """Append text. A line counts once its newline is written or nothing more comes; each thread has its own."""
        thread = threading.get_ident()
        *complete, partial = (self._partial.pop(thread, "") + text).split("\n")
        if len(partial) > MAX_BYTES:
            self.dropped += len(partial)
        elif partial:
            self._partial[thread] = partial
        if complete:
            with self._changed:
                self._append(complete)
                self._changed.notify_all()
        return len(text)

    def _append(self, lines: list[str]) -> None:
        for line in lines:
            if self.closed or self._size + len(line) > MAX_BYTES:
                self.dropped += len(line)
            else:
                self._size += len(line) + 1
                self._lines.append(line)

    def wait_for(self, condition: Callable[[list[str]], object], timeout: float) -> bool:
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
            if self.closed:
                return
            if self._partial:
                self._append(list(self._partial.values()))
            self._partial = {}
            self.closed = True
            self._changed.notify_all()


# Set around everything that a service runs; tasks and worker threads of anyio inherit it.
current_stream: contextvars.ContextVar[LogStream | None] = contextvars.ContextVar("labs_stream", default=None)
_thread_streams: weakref.WeakKeyDictionary[threading.Thread, LogStream | None] = weakref.WeakKeyDictionary()


def register_thread(stream: LogStream | None) -> None:
    """Send what this thread writes outside any request to `stream`; with None, it goes where it always went."""
    _thread_streams[threading.current_thread()] = stream


def _route() -> LogStream | None:
    return current_stream.get() or _thread_streams.get(threading.current_thread())


def capture_output() -> None:
    """From now on what a service in this process writes to stdout and stderr goes to its stream.

    Everybody else's writes go where they always went: a handler's print never ends up in a notebook cell that
    happens to run, and a cell's print never ends up in the service's log. A thread belongs to whoever started it,
    for as long as it lives: what it writes late is not in the log of the service that is started next.
    """
    for name in ("stdout", "stderr"):
        if not isinstance(getattr(sys, name), RoutedOutput):
            setattr(sys, name, RoutedOutput(getattr(sys, name)))
    if not hasattr(threading.Thread.start, "inherits_stream"):
        threading.Thread.start = _inheriting(threading.Thread.start)  # type: ignore[method-assign, assignment]


def _inheriting(start: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
    @functools.wraps(start)
    def inherit(thread: threading.Thread) -> None:
        _thread_streams[thread] = _route()
        start(thread)

    inherit.inherits_stream = True  # type: ignore[attr-defined]
    return inherit


class RoutedOutput:
    """A stand-in for sys.stdout that asks, at each write, whose write it is."""

    def __init__(self, original: TextIO) -> None:
        self._original = original
        self.buffer = _Buffer(self)

    def write(self, text: str) -> int:
        stream = _route()
        return stream.write(text) if stream is not None else self._original.write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        if _route() is None:
            self._original.flush()

    def isatty(self) -> bool:
        return _route() is None and self._original.isatty()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)


class _Buffer(io.RawIOBase):
    """`sys.stdout.buffer`, for loggers that write bytes (structlog.BytesLogger, orjson) or wrap it themselves."""

    def __init__(self, output: RoutedOutput) -> None:
        super().__init__()
        self._output = output

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:  # bytes, or an object that holds some
        written = bytes(data)
        self._output.write(written.decode("utf-8", "backslashreplace"))
        return len(written)

    def flush(self) -> None:
        self._output.flush()
