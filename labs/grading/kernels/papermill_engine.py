"""A papermill engine whose kernels are forked from a warm process, and that lets a judge in before they go."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from typing import Any  # Any: what papermill and jupyter_client hand over without types

import zmq.asyncio
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbformat import NotebookNode
from papermill.engines import NBClientEngine
from papermill.log import logger
from papermill.utils import merge_kwargs, remove_args

from labs.grading.kernels.papermill_client import Client, Kernel, Trouble
from labs.grading.kernels.provisioner import ForkProvisioner

__all__ = ["LabsEngine"]

MAX_MESSAGE = 1024 * 1024  # bytes of one message from the kernel; a larger one ends the connection
MAX_WAITING = 200  # messages that wait to be read

_SPEC = KernelSpec(argv=["fork"], language="python", display_name="Python 3 (forked)", interrupt_mode="signal")


class LabsEngine(NBClientEngine):  # type: ignore[misc]  # papermill has no types
    """papermill's own engine, but for how a kernel starts and what happens at the end.

    - `fork=False` starts kernels as papermill does; the results are the same, only later.
    - `begin()` is called before the first cell, when the kernel is there, and may wait.
    - `visit(kernel)` is called after the last cell, while the kernel is there: it lets a judge in. See `Kernel`.
      With it a cell that raises, hangs or kills its kernel does not end the run: the others run without it.
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
        visit: Callable[[Kernel], None] | None = None,
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
        manager = _forking_manager(configure) if fork else _stock_manager(kernel_name, cwd if visit else None)
        client = Client(nb_man, begin, visit, note, km=manager, **options)
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
    """A manager whose kernel listens in this folder. None stands for nbclient's own manager, whose kernel has ports.

    A port that was free when it was chosen may be taken by another judge's request before a new Python listens on it.
    """
    if folder is None or not hasattr(socket, "AF_UNIX"):
        return None
    return AsyncKernelManager(kernel_name=kernel_name, transport="ipc", ip=os.path.join(folder, "kernel"))


class _Manager(AsyncKernelManager):
    """jupyter_client's manager, without what takes time and is of no use here.

    Its methods are coroutines, as AsyncKernelManager's are; the types know only KernelManager's, which are not.
    """

    def _ip_default(self) -> str:
        return "127.0.0.1"  # else it looks at every network interface

    async def start_kernel(self, **kw: Any) -> None:  # type: ignore[override]
        """Start the kernel without the pause that jupyter_client makes for its own tests."""
        command, kw = await self.pre_start_kernel(**kw)
        await self._launch_kernel(command, **kw)

    async def shutdown_kernel(self, now: bool = False, restart: bool = False) -> None:  # type: ignore[override]
        """End the kernel at once, whatever is asked for: it has nothing to put in order."""
        if self.has_kernel:
            await self._kill_kernel(restart=restart)
        await self.cleanup_resources(restart=restart)

    async def restart_kernel(self, now: bool = False, newports: bool = False, **kw: Any) -> None:  # type: ignore[override]
        """End it and start it again as before, with the same ports."""
        await self.shutdown_kernel(now=True, restart=True)
        await self.start_kernel(**{**(self._launch_args or {}), **kw})
