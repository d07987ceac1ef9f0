"""jupyter_client's way to start a kernel, by a fork of the forkserver instead of a new Python."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import socket
from collections.abc import Sequence
from typing import Any  # Any: what jupyter_client hands over without types

from jupyter_client.connect import KernelConnectionInfo, LocalPortCache
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase

from labs.errors import UserError
from labs.grading.isolation.sandbox import Sandbox, Tier
from labs.grading.kernels.fork_messages import MAX_PACKET, Ended, KernelRequest, SendSignal
from labs.grading.kernels.start import START, shared_forkserver
from labs.service.messages import decode, encode

__all__ = ["ForkProvisioner"]

PORTS = ("shell", "iopub", "stdin", "hb", "control")  # of a kernel
KILL = 5.0  # seconds for a killed kernel and its children to be gone


class ForkProvisioner(KernelProvisionerBase):
    """Starts a kernel by a fork. Without `configure` it runs unconfined, as any local kernel does."""

    connection: socket.socket | None = None
    sandbox = Sandbox(Tier.NONE, "")
    namespaces: Sequence[int] = ()
    links: list[socket.socket] | None = None  # connections made in advance, where none can be made later
    environment: dict[str, str] | None = None
    why = ""  # a sentence when the kernel was stopped for what it did
    _exit: int | None = None
    _ports_taken = False

    @property
    def has_process(self) -> bool:
        """Whether a kernel was started and has not been waited for."""
        return self.connection is not None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Choose ports and a key; no connection file is written."""
        manager: Any = self.parent  # the kernel manager; traitlets give it no type
        if not self._ports_taken and manager.transport == "tcp":
            ports = LocalPortCache.instance()
            for name in PORTS:
                setattr(manager, f"{name}_port", ports.find_available_port(manager.ip))
            self._ports_taken = True
        self.connection_info = manager.get_connection_info()
        kwargs.pop("extra_arguments", None)
        return await super().pre_launch(cmd=["fork"], **kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Ask for a fork. Returns when the kernel's sockets are bound. Raises UserError when it can't be started."""
        readable, writable = os.pipe()
        connection: dict[str, Any] = {**self.connection_info}
        if isinstance(connection["key"], bytes):
            connection["key"] = connection["key"].decode()
        request = KernelRequest(
            connection=connection,
            sandbox=self.sandbox,
            env=self.environment or dict(kwargs.get("env") or os.environ),
            cwd=str(kwargs.get("cwd") or os.getcwd()),
        )
        self._exit = None
        self.why = ""
        try:
            self.connection = self._connect()
            socket.send_fds(self.connection, [encode(request)], [writable, *self.namespaces])
        finally:
            os.close(writable)
        try:
            await _readable(readable, START)
            if os.read(readable, 1) != b"R":
                raise UserError("The notebook's process could not be started.")
        finally:
            os.close(readable)
        return self.connection_info

    def _connect(self) -> socket.socket:
        if self.links is not None:
            if not self.links:
                raise UserError("The notebook's process was started too often.")
            return self.links.pop()
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection.connect(shared_forkserver().path)
        return connection

    async def poll(self) -> int | None:
        """The kernel's exit code; None while it lives."""
        if self.connection is not None and self._exit is None and select.select([self.connection], [], [], 0)[0]:
            self._take_exit()
        return self._exit if self.connection is not None else 0

    def _take_exit(self) -> None:
        assert self.connection is not None
        try:
            ended = decode(self.connection.recv(MAX_PACKET), Ended)
        except (OSError, ValueError):  # its keeper was killed, and the kernel with it
            ended = Ended(-signal.SIGKILL, "")
        self._exit, self.why = ended.code, ended.why

    async def wait(self) -> int | None:
        """Wait for the end of the kernel and of what it started."""
        if self.connection is None:
            return 0
        if self._exit is None:
            await _readable(self.connection.fileno(), KILL)
            self._take_exit()
        self.connection.close()
        self.connection = None
        return self._exit

    async def send_signal(self, signum: int) -> None:
        """Send a signal to the kernel; SIGKILL goes to all that it started."""
        if self.connection is None or self._exit is not None:
            return
        if signum in (signal.SIGKILL, signal.SIGTERM):
            self.connection.shutdown(socket.SHUT_WR)  # its keeper kills it, and says when it is gone
            return
        try:
            self.connection.send(encode(SendSignal(signum)))
        except OSError:  # it has ended just now
            return

    async def kill(self, restart: bool = False) -> None:
        """End it at once, and wait until it is gone: the manager would look for that ten times a second."""
        await self.send_signal(signal.SIGKILL)
        if self.connection is not None and self._exit is None:
            with contextlib.suppress(TimeoutError):
                await _readable(self.connection.fileno(), KILL)

    async def terminate(self, restart: bool = False) -> None:
        """End it as `kill` does, without waiting: a forked kernel has nothing to put in order."""
        await self.send_signal(signal.SIGKILL)

    async def cleanup(self, restart: bool = False) -> None:
        """Give the ports back."""
        if self._ports_taken and not restart:
            connection: dict[str, Any] = {**self.connection_info}
            for name in PORTS:
                LocalPortCache.instance().return_port(connection[f"{name}_port"])
            self._ports_taken = False


async def _readable(descriptor: int, timeout: float) -> None:
    """Wait until there is something to read. Raises TimeoutError."""
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    loop.add_reader(descriptor, done.set)
    try:
        await asyncio.wait_for(done.wait(), timeout)
    finally:
        loop.remove_reader(descriptor)
