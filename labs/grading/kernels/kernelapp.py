"""ipykernel's application, started in a forked process: no configuration, no files, no history."""

# mypy: allow-untyped-calls
# ipykernel and IPython, whose classes these extend, have few types.
from __future__ import annotations

import atexit
import functools
import logging
import os
import sys
import tempfile
import warnings
import zlib
from typing import Any, TextIO, cast  # Any: what ipykernel and IPython hand over without types

import ipykernel.compiler
from ipykernel.compiler import XCachingCompiler
from ipykernel.iostream import OutStream
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.profiledir import ProfileDir
from jupyter_client.connect import KernelConnectionInfo
from traitlets import Type
from traitlets.config import Config

__all__ = ["Shell", "configuration", "make_shell", "run_kernel"]


class Stream(OutStream):
    """A kernel's stdout or stderr that waits for its thread only when there is something to send.

    ipykernel flushes both twice for each cell. The order stays what it was: one thread sends everything.
    """

    def flush(self) -> None:
        """Send what was written; wait for the thread that sends only if there is something."""
        if self._flush_pending or self._subprocess_flush_pending:
            super().flush()


class Shell(ZMQInteractiveShell):
    """A kernel's shell that looks for magics, prompts and `await` only in a cell that is not plain Python as it stands.

    That look takes IPython three times as long as the cells of a service take to run.
    """

    def transform_cell(self, raw_cell: str) -> str:
        """The cell as Python."""
        if not _is_plain(raw_cell):
            return str(super().transform_cell(raw_cell))
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
        shell: Any = self.shell  # may have been made before this kernel, and knows nothing of it then; without types
        shell.parent = shell.kernel = self
        app: Any = self.parent  # without types, too
        shell.profile_dir, shell.ipython_dir = self.profile_dir, app.ipython_dir
        shell.init_environment()


def _number(text: str, seed: int) -> int:
    return zlib.crc32(text.encode("utf-8", "surrogatepass"), seed)


class _Application(IPKernelApp):
    def __init__(self, connection: dict[str, str | int], ready: int, **options: Any) -> None:
        super().__init__(**options)
        self._connection = connection
        self._ready = ready

    def parse_command_line(self, argv: Any = None) -> None:
        """There is no command line."""

    def _ip_default(self) -> str:
        return "127.0.0.1"  # what comes with the connection; found out by a look at all interfaces otherwise

    def load_config_file(self, *args: Any, **kwargs: Any) -> None:
        """There is no configuration file."""

    def init_connection_file(self) -> None:
        """Take the connection from the request instead of a file."""
        self.connection_file = "none"
        self.load_connection_info(cast(KernelConnectionInfo, self._connection))

    def init_poller(self) -> None:
        """Watch no parent: the keeper of this process ends it."""

    def write_connection_file(self, **kwargs: Any) -> None:
        """Write no file: nobody else is to connect."""

    def log_connection_info(self) -> None:
        """Log nothing: nobody else is to connect."""

    def init_pdb(self) -> None:
        """Make no debugger: nobody debugs in here."""

    def init_extensions(self) -> None:
        """Load no extension: none is used, and ipykernel would load storemagic."""

    def _configure_logging(self) -> None:
        """Configure no log: nobody reads it."""

    def init_sockets(self) -> None:
        """Bind the sockets and say so: from then on messages wait for the kernel, and nobody need wait for it."""
        super().init_sockets()
        os.write(self._ready, b"R")
        os.close(self._ready)


def make_shell() -> None:
    """Make the shell of the kernel that will run in this process or, when it forks, in each process behind it.

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


def run_kernel(connection: dict[str, str | int], *, ready: int) -> None:
    """Serve one kernel until it is told to end. `connection` is Jupyter's connection information.

    A byte goes to the descriptor `ready` when its sockets are bound.
    """
    app = _Application(
        connection, ready, config=configuration(), log_level=logging.CRITICAL, capture_fd_output=False, parent_handle=0
    )
    for kind in (_Application, IPKernelApp):
        kind._instance = app  # type: ignore[assignment]  # what instance() would have set
    ipykernel.compiler.murmur2_x86 = _number  # the number in a cell's file name, byte for byte in Python otherwise
    app.initialize([])
    shell: Any = app.shell  # traitlets give it no type
    shell.ask_exit = lambda: print("quit() does nothing while grading.")
    shell.events.register("post_execute", functools.partial(_restore, sys.stdout, sys.stderr))
    app.start()


def _restore(stdout: TextIO, stderr: TextIO) -> None:
    """Put stdout and stderr back where a cell has set them to None: ipykernel would never answer again."""
    if sys.stdout is None:
        sys.stdout = stdout
    if sys.stderr is None:
        sys.stderr = stderr


def configuration() -> Config:
    """A configuration without history, completions and colours."""
    config = Config()
    config.IPKernelApp.outstream_class = f"{__name__}.{Stream.__name__}"
    config.IPKernelApp.kernel_class = f"{__name__}.{_Kernel.__name__}"
    config.HistoryManager.enabled = False
    config.IPCompleter.use_jedi = False
    config.InteractiveShell.enable_tip = False
    config.Kernel._execute_sleep = 0.0  # so that output gets through before the reply: nbclient waits for both
    config.InteractiveShell.colors = "nocolor"
    return config
