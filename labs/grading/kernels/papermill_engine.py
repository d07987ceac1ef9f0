"""A papermill engine whose kernels are forked from a warm process, and that lets a judge in before they go."""

from __future__ import annotations

import contextlib
import copy
import os
import queue
import socket
import sys
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Protocol

import zmq.asyncio
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbclient.util import run_sync
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine
from papermill.log import logger
from papermill.utils import merge_kwargs, remove_args

from labs.errors import UserError
from labs.grading.kernels.provisioner import ForkProvisioner

__all__ = ["MAX_OUTPUT", "MAX_REVIVALS", "Kernel", "LabsEngine", "Trouble"]

MAX_MESSAGE = 1024 * 1024  # bytes of one message from the kernel; a larger one ends the connection
MAX_OUTPUT = 8 * 1024 * 1024  # characters that all cells together may put out
MAX_WAITING = 200  # messages that wait to be read

MAX_REVIVALS = 3  # of one kernel: whoever kills more of them is not worth the time

PATIENCE = 1.0  # seconds for a kernel to say something, until it is asked again
SUBSCRIBED = 0.2  # seconds for its output to arrive: it is asked again when the connection was made too late

_SPEC = KernelSpec(argv=["fork"], language="python", display_name="Python 3 (forked)", interrupt_mode="signal")


class Trouble(StrEnum):
    """What a cell did to its kernel."""

    TIMED_OUT = "timed out"
    DIED = "died"
    FLOODED = "flooded"  # more output than MAX_OUTPUT: what came later is left out
    CONFUSED = "confused"  # sent messages in its name that make no sense


class Kernel(Protocol):
    """What a judge may do with the kernel that has run the notebook."""

    def send(self, code: str) -> Any:
        """Run code without waiting for it."""

    def alive(self) -> bool:
        """Whether its process is there."""

    def revive(self) -> bool:
        """Start the kernel anew and run the notebook's cells again. False when that did not work."""


class LabsEngine(NBClientEngine):
    """papermill's own engine, but for how a kernel starts and what happens at the end.

    - `fork=False` starts kernels as papermill does; the results are the same, only later.
    - `begin()` is called before the first cell, when the kernel is there, and may wait.
    - `judge(kernel)` is called after the last cell, while the kernel is there: see `Kernel`.
      With a judge a cell that raises, hangs or kills its kernel does not end the run: the others run without it.
    - `note(cell, what)` hears of a cell that took too long, killed its kernel, put out too much or forged messages.
    - `cwd` is the folder where the kernel starts.
    - `cell_saves=True` writes the notebook after each cell, as papermill does; at the end it is always written.
    - `configure(provisioner)` may confine the forked kernel before it starts.
    """

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        *,
        begin: Callable[[], None] = lambda: None,
        judge: Callable[[Kernel], None] | None = None,
        note: Callable[[NotebookNode, Trouble], None] = lambda cell, what: None,
        configure: Callable[[ForkProvisioner], None] | None = None,
        fork: bool = True,
        cwd: str | None = None,
        cell_saves: bool = False,
        kernel_env: dict[str, str] | None = None,
        log_output: bool = False,
        stdout_file: Any = None,
        stderr_file: Any = None,
        start_timeout: int = 60,
        execution_timeout: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """Run the cells of `nb_man.nb`; options as of papermill's engine, and those above."""
        if not sys.platform.startswith("linux"):
            fork = False
        options = merge_kwargs(
            remove_args(["input_path", "timeout", "startup_timeout"], **kwargs),
            timeout=execution_timeout or kwargs.get("timeout"),
            startup_timeout=start_timeout,
            kernel_name=kernel_name,
            log=logger,
            log_output=log_output,
            stdout_file=stdout_file,
            stderr_file=stderr_file,
            shutdown_kernel="immediate",
        )
        given = {"env": kernel_env, "cwd": cwd}
        kernel: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        save = nb_man.save
        if not cell_saves:
            nb_man.save = lambda **_: None
        manager = _forking_manager(configure) if fork else _stock_manager(kernel_name, cwd if judge else None)
        client = _Client(nb_man, begin, judge, note, km=manager, **options)
        client.owns_km = True
        client.how_to_start = kernel
        try:
            return client.execute(**kernel)
        finally:
            nb_man.save = save


def _forking_manager(configure: Callable[[ForkProvisioner], None] | None) -> AsyncKernelManager:
    context = zmq.asyncio.Context()
    context.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE)
    context.setsockopt(zmq.RCVHWM, MAX_WAITING)
    context.setsockopt(zmq.LINGER, 0)
    manager = _Manager(context=context)
    manager._kernel_spec = _SPEC  # the manager looks for a kernel.json otherwise, and there is none
    manager.provisioner = ForkProvisioner(kernel_id="labs", kernel_spec=_SPEC, parent=manager)
    if configure is not None:
        configure(manager.provisioner)
    return manager


def _stock_manager(kernel_name: str, folder: str | None) -> AsyncKernelManager | None:
    """One whose kernel listens in this folder, where there is one: None is nbclient's own, with ports.

    A port that was free when it was chosen may be taken by another judge's request before a new Python listens on it.
    """
    if folder is None or not hasattr(socket, "AF_UNIX"):
        return None
    return AsyncKernelManager(kernel_name=kernel_name, transport="ipc", ip=os.path.join(folder, "kernel"))


class _Manager(AsyncKernelManager):
    """jupyter_client's, without what takes time and is of no use here."""

    def _ip_default(self) -> str:
        return "127.0.0.1"  # else it looks at every network interface

    async def start_kernel(self, **kw: Any) -> None:
        """Start it, and not sleep so that tests of jupyter_client see it starting."""
        command, kw = await self.pre_start_kernel(**kw)
        await self._launch_kernel(command, **kw)

    async def shutdown_kernel(self, now: bool = False, restart: bool = False) -> None:
        """End it at once, whatever is asked for: there is nothing that it would have to put in order."""
        if self.has_kernel:
            await self._kill_kernel(restart=restart)
        await self.cleanup_resources(restart=restart)

    async def restart_kernel(self, now: bool = False, newports: bool = False, **kw: Any) -> None:
        """The same again, with the same ports."""
        await self.shutdown_kernel(now=True, restart=True)
        await self.start_kernel(**{**self._launch_args, **kw})


class _Client(PapermillNotebookClient):
    """papermill's client, which a judge can go on using after its last cell. Implements Kernel."""

    how_to_start: dict[str, Any]

    def __init__(self, nb_man: Any, begin: Any, judge: Any, note: Any, **options: Any) -> None:
        super().__init__(nb_man, **options)
        self._begin = begin
        self._judge = judge
        self._note = note
        self._interrupted: Any = None
        self._output = 0
        self._lethal: set[int] = set()
        self._revivals = 0
        self._reviving = False
        self._language: dict[str, Any] = {}

    def execute(self, **kwargs: Any) -> NotebookNode:
        """papermill's, but for the last question to the kernel: what a notebook has done to its own is not asked."""
        self.reset_execution_trackers()
        with self.setup_kernel(**kwargs):
            self.papermill_execute_cells()
            self.nb.metadata["language_info"] = self._language
            self.set_widgets_metadata()
        return self.nb

    async def async_start_new_kernel_client(self) -> Any:
        """nbclient's, without its pauses."""
        try:
            await self._connect()
        except Exception:
            await self._async_cleanup_kernel()
            raise
        return self.kc

    start_new_kernel_client = run_sync(async_start_new_kernel_client)

    async def _connect(self) -> None:
        self.kc = self.km.client()
        self.kc.start_channels(hb=False)  # whether it lives is asked of who started it
        self._language = await _ready(self.kc, self.startup_timeout)
        self.kc.allow_stdin = False

    async def _async_handle_timeout(self, timeout: int, cell: Any = None) -> Any:
        # With `interrupt_on_timeout` nbclient interrupts again and again, for ever, a cell that ignores it.
        if cell is None or cell is self._interrupted:
            raise CellTimeoutError.error_from_timeout_and_cell("Cell execution timed out", timeout, cell)
        self._interrupted = cell
        if not self._reviving:
            self._note(cell, Trouble.TIMED_OUT)
        return await super()._async_handle_timeout(timeout, cell)

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> Any:
        """papermill's, for as long as there is not too much of it."""
        if self._judge is not None and msg["msg_type"] not in ("status", "execute_input"):
            before, self._output = self._output, self._output + _size(msg["content"])
            if self._output > MAX_OUTPUT:
                if before <= MAX_OUTPUT:
                    self._note(cell, Trouble.FLOODED)
                return None
        return super().process_message(msg, cell, cell_index)

    def papermill_execute_cells(self) -> None:
        """Run the cells, then let the judge in."""
        self._begin()
        if self._judge is None:
            super().papermill_execute_cells()
            return
        for index, cell in enumerate(self.nb.cells):
            if cell.cell_type != "code":
                continue
            self.nb_man.cell_start(cell, index)
            try:
                self.execute_cell(cell, index)
            except CellExecutionError as error:
                self.nb_man.cell_exception(cell, cell_index=index, exception=error)
            except (CellTimeoutError, DeadKernelError) as error:
                self.nb_man.cell_exception(cell, cell_index=index, exception=error)
                self._lethal.add(index)
                if isinstance(error, DeadKernelError):
                    self._note(cell, Trouble.DIED)
                if not self.revive(until=index):
                    break
            except Exception as error:  # whatever nbclient makes of a message that no kernel would send
                self.nb_man.cell_exception(cell, cell_index=index, exception=error)
                self._lethal.add(index)
                self._note(cell, Trouble.CONFUSED)
                if not self.revive(until=index):
                    break
            finally:
                self.nb_man.cell_complete(cell, cell_index=index)
        self._judge(self)

    def send(self, code: str) -> Any:
        """See Kernel."""
        return self.kc.execute(code, silent=True, store_history=False)

    def alive(self) -> bool:
        """See Kernel."""
        return run_sync(self.km.is_alive)()

    def revive(self, until: int | None = None) -> bool:
        """See Kernel; with `until` only the cells before that one, and never one that killed its kernel."""
        self._revivals += 1
        if self._revivals > MAX_REVIVALS:
            return False
        self._reviving = True
        try:
            run_sync(self._restart)()
            for index, cell in enumerate(self.nb.cells[:until]):
                if index not in self._lethal:
                    again = copy.deepcopy(cell)
                    with contextlib.suppress(CellExecutionError):
                        self.execute_cell(again, index, store_history=False)
        except (CellTimeoutError, DeadKernelError, RuntimeError, OSError, UserError):
            return False
        finally:
            self._reviving = False
        return True

    async def _restart(self) -> None:
        self.kc.stop_channels()  # a client of its own for each kernel: the old one may wait for answers for ever
        await self.km.restart_kernel(now=True, **self.how_to_start)
        await self._connect()


async def _ready(client: Any, timeout: float) -> dict[str, Any]:
    """Until a kernel answers and its output arrives; returns what it says of its language. Raises RuntimeError.

    jupyter_client's own way then waits a fifth of a second for more: here the end of the output is recognised.
    """
    deadline = time.monotonic() + timeout
    while True:
        asked = client.kernel_info()
        info = await _message(client.shell_channel, asked, PATIENCE, lambda message: True)
        if info is not None and await _message(client.iopub_channel, asked, SUBSCRIBED, _is_idle) is not None:
            client._handle_kernel_info_reply(info)  # sets the protocol's version
            return info["content"].get("language_info", {})
        if not await client.is_alive():
            raise RuntimeError("The kernel ended before it answered.")
        if time.monotonic() > deadline:
            raise RuntimeError(f"The kernel did not answer within {timeout:g} s.")


async def _message(channel: Any, asked: str, timeout: float, wanted: Callable[[Any], bool]) -> Any:
    """The first message about what was asked that is wanted, or None."""
    deadline = time.monotonic() + timeout
    while (left := deadline - time.monotonic()) > 0:
        with contextlib.suppress(queue.Empty):
            message = await channel.get_msg(timeout=left)
            if message["parent_header"].get("msg_id") == asked and wanted(message):
                return message
    return None


def _is_idle(message: Any) -> bool:
    return message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    if isinstance(value, list):
        return sum(map(_size, value))
    return 8
