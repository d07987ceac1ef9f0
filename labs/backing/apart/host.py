"""The judge's end of the connection to the process that holds its backing services."""

from __future__ import annotations

import contextlib
import itertools
import socket
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from labs.backing.apart.messages import (
    FROM_CHILD,
    MAX_LINE,
    Ask,
    Ready,
    Told,
    Verdict,
    Wanted,
    decode,
    encode,
    pack,
    unpack,
)
from labs.backing.commands import Command

__all__ = ["BackingHost", "BackingLost"]

START = 30.0  # seconds for the process to have its servers listen
PATIENCE = 15.0  # seconds for an answer, beyond what a question itself waits for

_SQLITE = {
    error.__name__: error
    for error in (
        sqlite3.OperationalError,
        sqlite3.DatabaseError,
        sqlite3.IntegrityError,
        sqlite3.ProgrammingError,
        sqlite3.DataError,
        sqlite3.NotSupportedError,
        sqlite3.InterfaceError,
        sqlite3.InternalError,
    )
}


class BackingLost(Exception):
    """The process with the backing services has ended, does not answer, or says what makes no sense."""


class BackingHost:
    """One connection to the process that holds the backing services of a judge."""

    def __init__(self, connection: socket.socket) -> None:
        """Raises BackingLost when the process does not get ready."""
        self._connection = connection
        self._lines = connection.makefile("rb")
        self._write = threading.Lock()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[Told]] = {}
        self._matches: Callable[[Command], object] = lambda _: False
        self._lost = ""
        connection.settimeout(START)
        try:
            ready = decode(self._lines.readline(MAX_LINE), Ready)
        except (ValueError, OSError):
            raise BackingLost("The backing services did not start.") from None
        connection.settimeout(None)
        self.urls = {kind: str(url) for kind, url in ready.urls.items()}
        threading.Thread(target=self._read, name="labs-backing-host", daemon=True).start()

    def ask(self, kind: str, method: str, *arguments: Any, timeout: float = 0.0) -> Any:
        """The answer to one question, which may itself wait for `timeout` seconds.

        Raises sqlite3's errors as they were raised there, and BackingLost when there is no answer.
        """
        number = next(self._numbers)
        answer: Future[Told] = Future()
        self._waiting[number] = answer
        if self._lost:
            raise BackingLost(self._lost)
        try:
            with self._write:
                self._connection.sendall(encode(Ask(number, kind, method, [pack(item) for item in arguments])))
            told = answer.result(timeout + PATIENCE)
        except TimeoutError:
            self._waiting.pop(number, None)
            raise BackingLost(f"The {kind} did not answer the check within {timeout + PATIENCE:g} s.") from None
        except OSError:
            raise BackingLost("The process with the backing services has ended.") from None
        if told.error:
            raise _SQLITE.get(told.error_type, BackingLost)(told.error)
        return unpack(told.value)

    def call(self, kind: str, method: str, *arguments: Any, timeout: float = 0.0, **named: Any) -> Any:
        """Call a method there."""
        return self.ask(kind, method, list(arguments), named, timeout=timeout)

    def hold(self, matches: Callable[[Command], object]) -> None:
        """Hold the next Redis command that `matches` says yes to."""
        self._matches = matches
        self.ask("cache", "hold")

    def close(self) -> None:
        """Hang up: the process ends."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def _read(self) -> None:
        lost = "The process with the backing services has ended."
        try:
            while (line := self._lines.readline(MAX_LINE)).endswith(b"\n"):
                message = decode(line, *FROM_CHILD)
                if isinstance(message, Wanted):
                    self._decide(message)
                elif (waiting := self._waiting.pop(message.number, None)) is not None:
                    waiting.set_result(message)
        except ValueError:
            lost = "The process with the backing services sent a line that makes no sense."
        except OSError:
            pass
        self._lost = lost
        for waiting in list(self._waiting.values()):
            if not waiting.done():
                waiting.set_exception(BackingLost(lost))

    def _decide(self, wanted: Wanted) -> None:
        try:
            hold = bool(self._matches(Command(wanted.words)))
        except Exception:  # a check's own: the command passes, and the check will say what it misses
            hold = False
        with self._write, contextlib.suppress(OSError):
            self._connection.sendall(encode(Verdict(wanted.number, hold)))
