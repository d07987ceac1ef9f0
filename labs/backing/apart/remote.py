"""Stand-ins for the backing services, with the same methods: each asks the process that holds the real one."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from labs.backing.apart.host import BackingHost, BackingLost
from labs.backing.commands import Command
from labs.backing.database import Lock
from labs.backing.downstream import Received, ScriptedReply

__all__ = ["RemoteCache", "RemoteDatabase", "RemoteDownstream"]

MANY_VALUES = 4_000  # of those that `keep_changing` takes one after another: some seconds' worth


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
        self._commands: list[Command] = []

    @property
    def commands(self) -> list[Command]:
        """Every command so far; those that had no reply when they were last looked at are looked at again."""
        settled = next((n for n, one in enumerate(self._commands) if one.reply is None), len(self._commands))
        later = self._host.ask("cache", "commands", settled)
        self._commands[settled:] = [Command([str(word) for word in words], reply) for words, reply in later]
        return list(self._commands)

    def fail(self, times: int) -> None:
        self._host.call("cache", "fail", times)

    def hold(self, matches: Callable[[Command], object]) -> RemoteHeld:
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
