"""papermill's client, which runs a notebook's cells and lets a judge in: cells may hang, die and flood it."""

from __future__ import annotations

import contextlib
import copy
import queue
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Protocol  # Any: what papermill, nbclient and kernels hand over without types

from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbclient.util import run_sync
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient

from labs.errors import UserError

__all__ = ["MAX_OUTPUT", "MAX_REVIVALS", "Client", "Kernel", "Trouble"]

MAX_OUTPUT = 8 * 1024 * 1024  # characters that all cells together may put out
MAX_REVIVALS = 3  # of one kernel: whoever kills more of them is not worth the time

PATIENCE = 1.0  # seconds for a kernel to say something, until it is asked again
SUBSCRIBED = 0.2  # seconds for its output to arrive: it is asked again when the connection was made too late


class Trouble(StrEnum):
    """What a cell did to its kernel."""

    TIMED_OUT = "timed out"
    DIED = "died"
    FLOODED = "flooded"  # more output than MAX_OUTPUT: what came later is left out
    CONFUSED = "confused"  # sent messages in its name that make no sense


class Kernel(Protocol):
    """The kernel that has run the notebook, as far as a judge may use it."""

    def send(self, code: str) -> Any:
        """Run code without waiting for it."""

    def alive(self) -> bool:
        """Whether the kernel's process is there."""

    def revive(self) -> bool:
        """Start the kernel anew and run the notebook's cells again. False when that did not work."""


class Client(PapermillNotebookClient):  # type: ignore[misc]  # papermill has no types
    """papermill's client, which a judge can go on using after its last cell. Implements Kernel."""

    how_to_start: dict[str, Any]
    nb: NotebookNode

    def __init__(
        self,
        nb_man: Any,  # papermill's
        begin: Callable[[], None],
        visit: Callable[[Kernel], None] | None,
        note: Callable[[NotebookNode, Trouble], None],
        **options: Any,
    ) -> None:
        super().__init__(nb_man, **options)
        self._begin = begin
        self._visit = visit
        self._note = note
        self._interrupted: Any = None
        self._output = 0
        self._lethal: set[int] = set()
        self._revivals = 0
        self._reviving = False
        self._language: dict[str, Any] = {}

    def execute(self, **kwargs: Any) -> NotebookNode:
        """Execute as papermill does, but without its last question to the kernel: the notebook may have broken it."""
        self.reset_execution_trackers()
        with self.setup_kernel(**kwargs):
            self.papermill_execute_cells()
            self.nb.metadata["language_info"] = self._language
            self.set_widgets_metadata()
        return self.nb

    async def async_start_new_kernel_client(self) -> Any:
        """Start a kernel and its client as nbclient does, without its pauses."""
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

    async def _async_handle_timeout(self, timeout: int, cell: NotebookNode | None = None) -> Any:
        # With `interrupt_on_timeout` nbclient interrupts again and again, for ever, a cell that ignores it.
        if cell is None or cell is self._interrupted:
            raise CellTimeoutError.error_from_timeout_and_cell(
                "Cell execution timed out", timeout, NotebookNode(source="") if cell is None else cell
            )
        self._interrupted = cell
        if not self._reviving:
            self._note(cell, Trouble.TIMED_OUT)
        return await super()._async_handle_timeout(timeout, cell)

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> Any:
        """Take a message into the cell's outputs as papermill does, for as long as all of them are not too long."""
        if self._visit is not None and msg["msg_type"] not in ("status", "execute_input"):
            before, self._output = self._output, self._output + _size(msg["content"])
            if self._output > MAX_OUTPUT:
                if before <= MAX_OUTPUT:
                    self._note(cell, Trouble.FLOODED)
                return None
        return super().process_message(msg, cell, cell_index)

    def papermill_execute_cells(self) -> None:
        """Run the cells, then let the judge in."""
        self._begin()
        if self._visit is None:
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
        self._visit(self)

    def send(self, code: str) -> Any:
        """See Kernel."""
        return self.kc.execute(code, silent=True, store_history=False)

    def alive(self) -> bool:
        """See Kernel."""
        return bool(run_sync(self.km.is_alive)())

    def revive(self, until: int | None = None) -> bool:
        """See Kernel. With `until` only the cells before it run again, and never one that killed its kernel."""
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
    """Wait until a kernel answers and its output arrives; return what it says of its language. Raises RuntimeError.

    jupyter_client's own way then waits a fifth of a second for more: here the end of the output is recognised.
    """
    deadline = time.monotonic() + timeout
    while True:
        asked = client.kernel_info()
        info = await _message(client.shell_channel, asked, PATIENCE, lambda message: True)
        if info is not None and await _message(client.iopub_channel, asked, SUBSCRIBED, _is_idle) is not None:
            client._handle_kernel_info_reply(info)  # sets the protocol's version
            language: dict[str, Any] = info["content"].get("language_info", {})
            return language
        if not await client.is_alive():
            raise RuntimeError("The kernel ended before it answered.")
        if time.monotonic() > deadline:
            raise RuntimeError(f"The kernel did not answer within {timeout:g} s.")


async def _message(channel: Any, asked: str, timeout: float, wanted: Callable[[Any], bool]) -> Any:
    """The first wanted message about the request `asked`; None when there is none within `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while (left := deadline - time.monotonic()) > 0:
        with contextlib.suppress(queue.Empty):
            message = await channel.get_msg(timeout=left)
            if message["parent_header"].get("msg_id") == asked and wanted(message):
                return message
    return None


def _is_idle(message: Any) -> bool:
    return bool(message["msg_type"] == "status" and message["content"]["execution_state"] == "idle")


def _size(value: object) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    if isinstance(value, list):
        return sum(map(_size, value))
    return 8
