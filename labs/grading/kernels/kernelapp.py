"""ipykernel's application, started in a forked process: no configuration, no files, no history."""

from __future__ import annotations

import atexit
import functools
import logging
import os
import sys
import tempfile
import warnings
import zlib
from typing import Any

import ipykernel.compiler
from ipykernel.compiler import XCachingCompiler
from ipykernel.iostream import OutStream
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.profiledir import ProfileDir
from traitlets import Type
from traitlets.config import Config

__all__ = ["Shell", "configuration", "make_shell", "run_kernel"]


class Stream(OutStream):
    """A kernel's stdout or stderr that waits for its thread only when there is something to send.

    ipykernel flushes both twice for each cell. The order stays what it was: one thread sends everything.
    """

    def flush(self) -> None:
        """Send what was written, if anything was."""
        if self._flush_pending or self._subprocess_flush_pending:
            super().flush()


class Shell(ZMQInteractiveShell):
    """A kernel's shell that looks for magics, prompts and `await` only in a cell that is not plain Python as it stands.

    That look takes IPython three times as long as the cells of a service take to run.
    """

    def transform_cell(self, raw_cell: str) -> str:
        """The cell as Python."""
        if not _is_plain(raw_cell):
            return super().transform_cell(raw_cell)
        return raw_cell if raw_cell.endswith("\n") else raw_cell + "\n"

    def should_run_async(self, raw_cell: str, **more: Any) -> bool:
        """Whether something in it is awaited outside of functions."""
        return not _is_plain(raw_cell) and super().should_run_async(raw_cell, **more)


@functools.lru_cache(maxsize=1)
def _is_plain(cell: str) -> bool:
    """Whether IPython would leave this cell as it is. It changes single lines (`exit`) and indented ones."""
    if "\n" not in cell.strip() or cell[0].isspace() or "In [" in cell:
        return False
    try:
        with warnings.catch_warnings(action="ignore"):  # the compilation that counts will give them
            compile(cell, "<cell>", "exec", dont_inherit=True)
    except Exception:  # whatever is wrong with it will be told by who runs it
        return False
    return True


class _Kernel(IPythonKernel):
    shell_class = Type(Shell)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        shell = self.shell  # which may have been made before this kernel, and knows nothing of it then
        shell.parent = shell.kernel = self
        shell.profile_dir, shell.ipython_dir = self.profile_dir, self.parent.ipython_dir
        shell.init_environment()


def _number(text: str, seed: int) -> int:
    return zlib.crc32(text.encode("utf-8", "surrogatepass"), seed)


class _Application(IPKernelApp):
    def __init__(self, connection: dict[str, Any], ready: int, **options: Any) -> None:
        super().__init__(**options)
        self._connection = connection
        self._ready = ready

    def parse_command_line(self, argv: Any = None) -> None:
        """There is none."""

    def _ip_default(self) -> str:
        return "127.0.0.1"  # what comes with the connection; found out by a look at all interfaces otherwise

    def load_config_file(self, *args: Any, **kwargs: Any) -> None:
        """There is none."""

    def init_connection_file(self) -> None:
        """The connection came with the request, not in a file."""
        self.connection_file = "none"
        self.load_connection_info(self._connection)

    def init_poller(self) -> None:
        """Whoever keeps this process ends it; it need not watch its parent."""

    def write_connection_file(self, **kwargs: Any) -> None:
        """Nobody else is to connect."""

    def log_connection_info(self) -> None:
        """Same."""

    def init_pdb(self) -> None:
        """Nobody debugs in here."""

    def init_extensions(self) -> None:
        """None is used, and storemagic would be loaded."""

    def _configure_logging(self) -> None:
        """Nobody reads its log."""

    def init_sockets(self) -> None:
        """Say when they are bound: from then on messages wait for the kernel, and the kernel for nobody."""
        super().init_sockets()
        os.write(self._ready, b"R")
        os.close(self._ready)


def make_shell() -> None:
    """Make the shell of the next kernel in this process: before a fork, that of every kernel behind it.

    The shell is half of what a kernel takes to start. Call it without threads, and last: it takes over `__main__`.
    """
    with tempfile.TemporaryDirectory(prefix="labs-shell-") as folder:
        shell = Shell.instance(
            config=configuration(),
            ipython_dir=folder,
            profile_dir=ProfileDir.create_profile_dir(folder),
            user_ns={},
            compiler_class=XCachingCompiler,
        )
    atexit.unregister(shell.atexit_operations)


def run_kernel(connection: dict[str, Any], *, ready: int) -> None:
    """Serve one kernel until it is told to end. A byte goes to the descriptor `ready` when its sockets are bound."""
    app = _Application(
        connection, ready, config=configuration(), log_level=logging.CRITICAL, capture_fd_output=False, parent_handle=0
    )
    _Application._instance = IPKernelApp._instance = app  # what instance() would have set
    ipykernel.compiler.murmur2_x86 = _number  # the number in a cell's file name, byte for byte in Python otherwise
    app.initialize([])
    app.shell.ask_exit = lambda: print("quit() does nothing while grading.")
    app.shell.events.register("post_execute", functools.partial(_restore, sys.stdout, sys.stderr))
    app.start()


def _restore(stdout: Any, stderr: Any) -> None:
    """A cell that has set them to None would keep ipykernel from ever answering again."""
    if sys.stdout is None:
        sys.stdout = stdout
    if sys.stderr is None:
        sys.stderr = stderr


def configuration() -> Config:
    """No history, no completions, no colours."""
    config = Config()
    config.IPKernelApp.outstream_class = f"{__name__}.{Stream.__name__}"
    config.IPKernelApp.kernel_class = f"{__name__}.{_Kernel.__name__}"
    config.HistoryManager.enabled = False
    config.IPCompleter.use_jedi = False
    config.InteractiveShell.enable_tip = False
    config.Kernel._execute_sleep = 0.0  # so that output gets through before the reply: nbclient waits for both
    config.InteractiveShell.colors = "nocolor"
    return config
