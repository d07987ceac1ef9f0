"""A Redis for the service under test: fakeredis' TCP server, with a record of every command and faults to switch."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import fakeredis
import redis.exceptions
from fakeredis._clients._tcp_server import TCPFakeRequestHandler

from labs.backing.commands import Command, refusal
from labs.backing.faults import Connection, TcpBacking, TcpServer
from labs.backing.scripts import run_script

__all__ = ["CacheServer", "Command", "Held"]

MAX_COMMANDS = 10_000
_GREETINGS = ("HELLO", "CLIENT")  # what a client sends for itself on each new connection


class Held:
    """One command that is kept from being carried out: what its sender meant to do, at a moment of our choosing."""

    def __init__(self, matches: Callable[[Command], object]) -> None:
        self._matches = matches
        self._taken = threading.Lock()
        self._arrived = threading.Event()
        self._go = threading.Event()
        self._done = threading.Event()

    def wait(self, timeout: float = 2.0) -> bool:
        """Wait until the command has arrived; False when none came."""
        return self._arrived.wait(timeout)

    def release(self, timeout: float = 2.0) -> None:
        """Let it be carried out, even if its sender has given up by now, and wait until it has been."""
        self._go.set()
        if self._arrived.is_set():
            self._done.wait(timeout)

    def _take(self, command: Command) -> bool:
        """Whether this is the one; then wait here for its release."""
        if self._go.is_set() or not self._matches(command) or not self._taken.acquire(blocking=False):
            return False
        self._arrived.set()
        self._go.wait()
        return True


class CacheServer(TcpBacking):
    """A Redis on a port of 127.0.0.1, for the real `redis` client.

    Faults, each undone by `up()`:
      down()         connections are refused or broken, as when the process has died
      hang()         connections open, nothing is ever answered, as in a stopped process
      slow(seconds)  every command is answered that much later
      fail(times)    the next commands are answered with LOADING, as while Redis reads its snapshot
      hold(matches)  one command waits, all others pass: two requests meet in a chosen order
    """

    def __init__(self) -> None:
        # fakeredis' own debug lines would otherwise reach the service's log in the same process.
        logging.getLogger("fakeredis").setLevel(logging.CRITICAL + 1)
        server = _Server(self)
        super().__init__(server)
        # RESP2: over RESP3 fakeredis drops the connection at SCAN.
        self.url = f"redis://127.0.0.1:{self.port}/0?protocol=2"
        self.commands: list[Command] = []
        # Any: its annotations say `bytes | str` for every reply, and a client without decode_responses gives bytes.
        self._admin: Any = fakeredis.FakeRedis(server=server.fake_server)
        self._failures = 0
        self._held: Held | None = None
        self._serve("labs-redis")

    # Faults that only Redis has

    def fail(self, times: int) -> None:
        """Answer the next commands with an error: LOADING, which clients may retry."""
        self._failures = times

    def hold(self, matches: Callable[[Command], object]) -> Held:
        """Hold the next command that `matches` says yes to, until it is released; every other one passes."""
        self._held = Held(matches)
        return self._held

    def up(self) -> None:
        """End every fault. What was stored is still there."""
        self._failures = 0
        super().up()
        held, self._held = self._held, None
        if held is not None:
            held.release()

    # What a check may look at and change, past the service and past every fault.

    def keys(self) -> list[str]:
        """Every key, sorted."""
        return sorted(key.decode("utf-8", "backslashreplace") for key in self._admin.keys())  # noqa: SIM118

    def ttl(self, key: str) -> float | None:
        """Seconds until the key expires; None when it never does or is not there."""
        milliseconds = self._admin.pttl(key)
        return milliseconds / 1000 if milliseconds >= 0 else None

    def value(self, key: str) -> bytes:
        """What is stored under the key, as one run of bytes: a string's own, or all of a hash, list or set."""
        kind = self._admin.type(key)
        if kind == b"string":
            return bytes(self._admin.get(key) or b"")
        read = {b"hash": self._admin.hgetall, b"set": self._admin.smembers}
        if kind == b"list":
            return b" ".join(self._admin.lrange(key, 0, -1))
        return repr(read[kind](key)).encode() if kind in read else b""

    def put(self, key: str, value: bytes | list[bytes], seconds: int = 600) -> None:
        """Overwrite a key with a string, or with a list: the wrong type for whoever expects a string."""
        self._admin.delete(key)
        if isinstance(value, list):
            self._admin.rpush(key, *value)
        else:
            self._admin.set(key, value)
        self._admin.expire(key, seconds)

    def delete(self, *keys: str) -> None:
        """Let keys vanish, as when their time is up."""
        if keys:
            self._admin.delete(*keys)

    def _forget(self) -> None:
        self._admin.flushall()
        self.commands.clear()

    def _before(self, command: Command) -> Exception | None:
        """Apply the faults of the moment to one command; an exception is what it is answered with."""
        self._hold_up()
        if self._failures > 0 and command.name not in _GREETINGS:
            self._failures -= 1
            return redis.exceptions.BusyLoadingError("Redis is loading the dataset in memory")
        return None


class _Server(TcpServer, fakeredis.TcpFakeServer):
    def __init__(self, owner: CacheServer) -> None:
        self.owner = owner
        super().__init__(("127.0.0.1", 0))
        self.daemon_threads = True  # fakeredis says otherwise
        self.RequestHandlerClass = _Connection


class _Connection(Connection, TCPFakeRequestHandler):
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._answer_errors_and_stay()
        fake = self.current_client.get_socket()
        process = fake._process_command

        def observed(fields: list[bytes]) -> None:
            command = Command([word.decode("utf-8", "backslashreplace") for word in fields])
            owner = self.server.owner
            if len(owner.commands) < MAX_COMMANDS and command.name not in _GREETINGS:
                owner.commands.append(command)
            held = owner._held
            mine = held is not None and held._take(command)
            try:
                carry_out(fields, command)
            finally:
                if held is not None and mine:
                    held._done.set()

        def carry_out(fields: list[bytes], command: Command) -> None:
            owner = self.server.owner
            error = owner._before(command)
            if self.dropped:
                raise ConnectionResetError
            if error is None and (sentence := refusal(command.words)):
                error = redis.exceptions.ResponseError(sentence.removeprefix("ERR "))
            if error is not None:
                command.reply = error
                fake.put_response(error)
                return
            answer = run_script(fields, owner._admin) if fields else None
            if answer is not None:
                fake.put_response(answer)
            else:
                process(fields)
            if fake.responses is not None and fake.responses.queue:
                command.reply = fake.responses.queue[-1]

        fake._process_command = observed  # type: ignore[method-assign]

    def _answer_errors_and_stay(self) -> None:
        """fakeredis closes the connection after an error reply; a real Redis goes on."""
        read = self.current_client.read_response

        def read_response(**kwargs: Any) -> Any:
            try:
                return read(**kwargs)
            except redis.exceptions.BusyLoadingError as error:
                return error
            except redis.exceptions.ConnectionError:
                raise
            except redis.exceptions.RedisError as error:
                return error

        self.current_client.read_response = read_response  # type: ignore[method-assign]
