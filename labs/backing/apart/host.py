"""The judge's end: stand-ins for the backing services that ask the process which holds the real ones."""

from __future__ import annotations

import contextlib
import itertools
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import asdict
from pathlib import Path
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
from labs.backing.database import Lock
from labs.backing.downstream import Received, ScriptedReply

__all__ = ["BackingHost", "BackingLost", "RemoteCache", "RemoteDatabase", "RemoteDownstream"]

START = 30.0  # seconds for the process to have its servers listen
PATIENCE = 15.0  # seconds for an answer, beyond what a question itself waits for
MANY_VALUES = 4_000  # of those that `keep_changing` takes one after another: some seconds' worth

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
        self._matches: Callable[[RemoteCommand], object] = lambda _: False
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

    def hold(self, matches: Callable[[RemoteCommand], object]) -> None:
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
            hold = bool(self._matches(RemoteCommand([str(word) for word in wanted.words], None)))
        except Exception:  # a check's own: the command passes, and the check will say what it misses
            hold = False
        with self._write, contextlib.suppress(OSError):
            self._connection.sendall(encode(Verdict(wanted.number, hold)))


class RemoteCommand:
    """One Redis command that the service sent: its words, and what it got."""

    __slots__ = ("reply", "words")

    def __init__(self, words: list[str], reply: Any) -> None:
        self.words = words
        self.reply = reply

    @property
    def name(self) -> str:
        """The command's name in capitals, such as SET."""
        return self.words[0].upper() if self.words else ""

    def __str__(self) -> str:
        return " ".join(word if len(word) < 200 else word[:200] + "…" for word in self.words)


class _Faults:
    """The faults that both servers have, and their connections."""

    kind = ""

    def __init__(self, host: BackingHost) -> None:
        self._host = host
        self.url = host.urls[self.kind]

    def down(self) -> None:
        self._host.call(self.kind, "down")

    def hang(self) -> None:
        self._host.call(self.kind, "hang")

    def slow(self, seconds: float) -> None:
        self._host.call(self.kind, "slow", seconds)

    def up(self) -> None:
        self._host.call(self.kind, "up")

    def clear(self) -> None:
        self._host.call(self.kind, "clear")

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2].partition("/")[0])

    @property
    def connections(self) -> int:
        return int(self._host.ask(self.kind, "state")[0])

    @property
    def connections_made(self) -> int:
        return int(self._host.ask(self.kind, "state")[1])


class RemoteHeld:
    """One command that is kept from being carried out."""

    def __init__(self, host: BackingHost) -> None:
        self._host = host

    def wait(self, timeout: float = 2.0) -> bool:
        """Wait until the command has arrived; False when none came."""
        return bool(self._host.ask("cache", "held_wait", timeout, timeout=timeout))

    def release(self, timeout: float = 2.0) -> None:
        """Let it be carried out, and wait until it has been."""
        self._host.ask("cache", "held_release", timeout, timeout=timeout)


class RemoteCache(_Faults):
    """Stands for `labs.backing.CacheServer`."""

    kind = "cache"

    def __init__(self, host: BackingHost) -> None:
        super().__init__(host)
        self._commands: list[RemoteCommand] = []

    @property
    def commands(self) -> list[RemoteCommand]:
        """Every command so far; those that had no reply when they were last looked at are looked at again."""
        settled = next((n for n, one in enumerate(self._commands) if one.reply is None), len(self._commands))
        later = self._host.ask("cache", "commands", settled)
        self._commands[settled:] = [RemoteCommand([str(word) for word in words], reply) for words, reply in later]
        return list(self._commands)

    def fail(self, times: int) -> None:
        self._host.call("cache", "fail", times)

    def hold(self, matches: Callable[[RemoteCommand], object]) -> RemoteHeld:
        self._host.hold(matches)
        return RemoteHeld(self._host)

    def clear(self) -> None:
        super().clear()
        self._commands = []

    def keys(self) -> list[str]:
        return [str(key) for key in self._host.call("cache", "keys")]

    def ttl(self, key: str) -> float | None:
        seconds = self._host.call("cache", "ttl", key)
        return None if seconds is None else float(seconds)

    def value(self, key: str) -> bytes:
        return bytes(self._host.call("cache", "value", key))

    def put(self, key: str, value: bytes | list[bytes], seconds: int = 600) -> None:
        self._host.call("cache", "put", key, value, seconds)

    def delete(self, *keys: str) -> None:
        self._host.call("cache", "delete", *keys)


class RemoteDownstream(_Faults):
    """Stands for `labs.backing.Downstream`."""

    kind = "downstream"

    def __init__(self, host: BackingHost) -> None:
        super().__init__(host)
        self._calls: list[Received] = []
        self._default = ScriptedReply(json={"status": "ok"})

    @property
    def calls(self) -> list[Received]:
        """Every call so far; those that were not answered when they were last looked at are looked at again."""
        settled = next((n for n, one in enumerate(self._calls) if not one.status), len(self._calls))
        later = self._host.ask("downstream", "calls", settled)
        self._calls[settled:] = [_received(call) for call in later]
        return list(self._calls)

    @property
    def default(self) -> ScriptedReply:
        return self._default

    @default.setter
    def default(self, reply: ScriptedReply) -> None:
        self._default = reply
        self._host.ask("downstream", "default", asdict(reply))

    def script(self, *replies: ScriptedReply, path: str = "") -> None:
        self._host.ask("downstream", "script", [asdict(reply) for reply in replies], path)

    def fail(self, times: int, status: int = 503) -> None:
        self._host.call("downstream", "fail", times, status)

    def clear(self) -> None:
        super().clear()
        self._calls = []
        self._default = ScriptedReply(json={"status": "ok"})

    def wait_for_calls(self, count: int, timeout: float = 2.0) -> Sequence[Received]:
        self._host.ask("downstream", "wait_for_calls", count, timeout, timeout=timeout)
        return self.calls


class RemoteDatabase:
    """Stands for `labs.backing.Database`: one file, made anew for each check."""

    def __init__(self, host: BackingHost, path: Path) -> None:
        self._host = host
        self.path = path
        self.url = f"sqlite+aiosqlite:///{path}"
        host.ask("database", "new", str(path))

    def execute(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._host.call("database", "execute", sql, *values)]

    def peek(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._host.call("database", "peek", sql, *values)]

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self._host.call("database", "execute_many", sql, [list(row) for row in rows])

    def add_user(self, **fields: Any) -> int:
        return int(self._host.call("database", "add_user", **fields))

    def add_order(self, **fields: Any) -> int:
        return int(self._host.call("database", "add_order", **fields))

    def down(self) -> None:
        self._host.call("database", "down")

    def hang(self) -> None:
        self._host.call("database", "hang")

    def slow(self, seconds: float) -> None:
        self._host.call("database", "slow", seconds)

    def up(self) -> None:
        self._host.call("database", "up")

    def close(self) -> None:
        self._host.call("database", "close")

    @contextlib.contextmanager
    def locked(self, mode: Lock, *, timeout: float = 5.0) -> Iterator[None]:
        number = self._host.ask("database", "lock", mode, timeout, timeout=timeout)
        try:
            yield
        finally:
            self._host.ask("database", "end", number)

    @contextlib.contextmanager
    def keep_changing(self, sql: str, values: Iterator[tuple[Any, ...]]) -> Iterator[None]:
        rows = [list(row) for row in itertools.islice(values, MANY_VALUES)]
        number = self._host.ask("database", "keep_changing", sql, rows, timeout=5.0)
        try:
            yield
        finally:
            self._host.ask("database", "end", number, timeout=10.0)


def _received(call: Any) -> Received:
    if not isinstance(call, dict) or not isinstance(call.get("headers"), dict):
        raise BackingLost("The process with the backing services sent a call that makes no sense.")
    return Received(
        float(call["at"]),
        str(call["method"]),
        str(call["path"]),
        {str(name): str(value) for name, value in call["headers"].items()},
        bytes(call["body"]),
        int(call["status"]),
    )
