"""What cache and downstream share: a TCP server in this process that counts its connections and fails on demand."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import struct
import threading
from typing import Any

__all__ = ["Connection", "TcpBacking", "TcpServer", "reset"]


class TcpServer(socketserver.TCPServer):
    """A server whose connections are counted and can be refused or broken. Stands in front of a library's own class."""

    daemon_threads = True
    request_queue_size = 128  # with socketserver's 5, forty clients at once are reset or wait a second for their SYN

    def __init__(self, *arguments: Any) -> None:
        self.connections: set[Connection] = set()  # those open now
        self.connections_made = 0
        self.refuses = False
        super().__init__(*arguments)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        self.connections_made += 1
        if self.refuses:
            reset(request)
            return False
        return True

    def drop_connections(self) -> None:
        """Break every open connection."""
        for connection in list(self.connections):
            connection.dropped = True
            reset(connection.connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: broken connections are what faults are made of."""


class Connection(socketserver.StreamRequestHandler):
    """One connection to a TcpServer. Stands in front of a library's own handler."""

    server: TcpServer
    dropped = False  # True: it was broken on purpose

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self)

    def finish(self) -> None:
        self.server.connections.discard(self)
        with contextlib.suppress(OSError, KeyError):  # the peer has gone, or fakeredis has forgotten the client already
            super().finish()


class TcpBacking:
    """A backing service on a port of 127.0.0.1 with the faults that any TCP server can have, each undone by `up()`.

    A subclass sets `url`, fills in `_forget`, calls `_hold_up` before it answers, and calls `_serve` when it is ready.
    """

    url: str

    def __init__(self, server: TcpServer) -> None:
        self._server = server
        self.port: int = server.server_address[1]
        self._answering = threading.Event()  # cleared while it hangs
        self._answering.set()
        self._delay = 0.0
        self._slow_over = threading.Event()

    def _serve(self, name: str) -> None:
        """Accept connections from now on, in a thread of this name."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name=name, daemon=True).start()

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        return len(self._server.connections)

    @property
    def connections_made(self) -> int:
        """How many connections were made since the last `clear()`, closed and refused ones included."""
        return self._server.connections_made

    def down(self) -> None:
        """Break every connection and refuse new ones, as a process that has died."""
        self._server.refuses = True
        self._server.drop_connections()

    def hang(self) -> None:
        """Take connections and requests and answer nothing, as a process that was stopped."""
        self._answering.clear()

    def slow(self, seconds: float) -> None:
        """Answer everything this much later."""
        self._delay, self._slow_over = seconds, threading.Event()

    def up(self) -> None:
        """End every fault."""
        self._server.refuses, self._delay = False, 0.0
        self._slow_over.set()
        self._answering.set()

    def clear(self) -> None:
        """End every fault, and forget what was stored, scripted or recorded."""
        self._server.drop_connections()  # before the faults end: what waits in one is not carried out any more
        self.up()
        self._forget()
        self._server.connections_made = 0

    def close(self) -> None:
        """Stop the server."""
        self._server.drop_connections()
        self.up()
        self._server.shutdown()
        self._server.server_close()

    def _forget(self) -> None:
        """Forget what was stored, scripted or recorded."""

    def _hold_up(self) -> None:
        """Wait for as long as `hang` and `slow` say."""
        self._answering.wait()
        if self._delay:
            self._slow_over.wait(self._delay)


def reset(connection: socket.socket) -> None:
    """Break a connection with a TCP reset, in both directions and at once."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
