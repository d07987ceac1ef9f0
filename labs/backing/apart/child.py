"""The process that holds the backing services of one judge: it does what it is asked, and answers with plain data."""

from __future__ import annotations

import contextlib
import itertools
import socket
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from labs.backing.apart.messages import (
    MAX_LINE,
    TO_CHILD,
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
from labs.backing.cache import CacheServer, Command, Held
from labs.backing.database import Database
from labs.backing.downstream import Downstream, ScriptedReply

__all__ = ["serve"]

WORKERS = 32  # questions at once: some wait for something to happen
DECIDE = 5.0  # seconds for the judge to say whether a command is to be held
MAX_WORD = 1024 * 1024  # characters of a word of a command
MAX_ROWS = 100_000  # rows that a query may bring
MAX_CALLS = 10_000  # commands or calls that are told at once

# What the judge may call without more ado.
_PLAIN = {
    "cache": {"down", "hang", "slow", "fail", "up", "keys", "ttl", "value", "put", "delete", "clear"},
    "downstream": {"down", "hang", "slow", "fail", "up", "clear"},
    "database": {"execute", "peek", "execute_many", "add_user", "add_order", "down", "hang", "slow", "up", "close"},
}


def serve(connection: socket.socket, kinds: Sequence[str], seconds: float) -> None:
    """Start these kinds of backing services and do what is asked until the connection ends.

    No statement in a database takes longer than `seconds`.
    """
    _Child(connection, kinds, seconds).run()


class _Child:
    def __init__(self, connection: socket.socket, kinds: Sequence[str], seconds: float) -> None:
        self._connection = connection
        self._lines = connection.makefile("rb")
        self._write = threading.Lock()
        self._kinds = kinds
        self._seconds = seconds
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="labs-backing")
        self._backings: dict[str, Any] = {}
        self._held: Held | None = None
        self._holds: dict[int, Any] = {}  # locks on the database, and statements that are repeated, by number
        self._numbers = itertools.count(1)
        self._verdicts: dict[int, Future[bool]] = {}

    def run(self) -> None:
        if "cache" in self._kinds:
            self._backings["cache"] = CacheServer()
        if "downstream" in self._kinds:
            self._backings["downstream"] = Downstream()
        self._send(Ready({kind: backing.url for kind, backing in self._backings.items()}))
        while (line := self._lines.readline(MAX_LINE)).endswith(b"\n"):
            message = decode(line, *TO_CHILD)
            if isinstance(message, Verdict):
                if (waiting := self._verdicts.pop(message.number, None)) is not None:
                    waiting.set_result(message.hold)
            else:
                self._pool.submit(self._answer, message)

    def _send(self, message: Ready | Told | Wanted) -> None:
        line = encode(message)
        if len(line) > MAX_LINE and isinstance(message, Told):
            line = encode(Told(message.number, error="There is more of it than a check can look at."))
        with self._write, contextlib.suppress(OSError):
            self._connection.sendall(line)

    def _answer(self, ask: Ask) -> None:
        try:
            told = Told(ask.number, pack(self._do(ask.kind, ask.method, [unpack(item) for item in ask.arguments])))
        except sqlite3.Error as error:
            told = Told(ask.number, error=str(error) or "unknown", error_type=type(error).__name__)
        except Exception as error:  # whatever it is: the judge has to know that there will be no answer
            told = Told(ask.number, error=f"{type(error).__name__}: {error}"[:500])
        self._send(told)

    def _do(self, kind: str, method: str, arguments: list[Any]) -> Any:
        if kind == "database" and method == "new":
            self._backings["database"] = database = Database(Path(arguments[0]))
            database.limit(self._seconds, MAX_ROWS)
            return None
        special: Callable[..., Any] | None = getattr(self, f"_{kind}_{method}", None)
        if special is not None:
            return special(*arguments)
        if method not in _PLAIN.get(kind, ()):
            raise ValueError(f"{kind}.{method} is not known here")
        positional, named = arguments
        return getattr(self._backings[kind], method)(*positional, **named)

    # Redis

    def _cache_state(self) -> list[int]:
        cache = self._backings["cache"]
        return [cache.connections, cache.connections_made]

    def _cache_commands(self, since: int) -> list[Any]:
        commands: list[Command] = self._backings["cache"].commands[since : since + MAX_CALLS]
        return [[[word[:MAX_WORD] for word in command.words], _plain_reply(command.reply)] for command in commands]

    def _cache_hold(self) -> None:
        self._held = self._backings["cache"].hold(self._is_wanted)

    def _cache_held_wait(self, timeout: float) -> bool:
        return self._held is not None and self._held.wait(timeout)

    def _cache_held_release(self, timeout: float) -> None:
        if self._held is not None:
            self._held.release(timeout)

    def _is_wanted(self, command: Command) -> bool:
        number = next(self._numbers)
        waiting: Future[bool] = Future()
        self._verdicts[number] = waiting
        self._send(Wanted(number, [word[:MAX_WORD] for word in command.words]))
        try:
            return waiting.result(DECIDE)
        except TimeoutError:
            return False

    # The downstream

    def _downstream_state(self) -> list[int]:
        downstream = self._backings["downstream"]
        return [downstream.connections, downstream.connections_made]

    def _downstream_calls(self, since: int) -> list[Any]:
        return [asdict(call) for call in self._backings["downstream"].calls[since : since + MAX_CALLS]]

    def _downstream_wait_for_calls(self, count: int, timeout: float) -> None:
        self._backings["downstream"].wait_for_calls(count, timeout)

    def _downstream_script(self, replies: list[dict[str, Any]], path: str) -> None:
        self._backings["downstream"].script(*(ScriptedReply(**reply) for reply in replies), path=path)

    def _downstream_default(self, reply: dict[str, Any]) -> None:
        self._backings["downstream"].default = ScriptedReply(**reply)

    # The database

    def _database_lock(self, mode: str, timeout: float) -> int:
        return self._keep(self._backings["database"].locked(mode, timeout=timeout))

    def _database_keep_changing(self, sql: str, values: list[list[Any]]) -> int:
        rows = itertools.chain((tuple(row) for row in values), itertools.repeat(tuple(values[-1])))
        return self._keep(self._backings["database"].keep_changing(sql, rows))

    def _database_end(self, number: int) -> None:
        self._holds.pop(number).close()

    def _keep(self, context: contextlib.AbstractContextManager[None]) -> int:
        stack = contextlib.ExitStack()
        stack.enter_context(context)
        number = next(self._numbers)
        self._holds[number] = stack
        return number


def _plain_reply(reply: Any) -> Any:
    """What a command was answered with, as plain data: an error becomes its text, a set a list."""
    if isinstance(reply, Exception):
        return {"error": str(reply)}
    if isinstance(reply, (set, frozenset)):
        return [_plain_reply(item) for item in reply]
    if isinstance(reply, (list, tuple)):
        return [_plain_reply(item) for item in reply]
    return reply if isinstance(reply, (type(None), bool, int, float, str, bytes)) else str(reply)
