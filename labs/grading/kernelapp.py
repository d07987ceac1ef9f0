"""ipykernel's application, started in a forked process: no configuration, no files, no history."""

from __future__ import annotations

import functools
import logging
import os
import sys
from typing import Any

from ipykernel.iostream import OutStream
from ipykernel.kernelapp import IPKernelApp
from traitlets.config import Config

__all__ = ["configuration", "run_kernel"]


class Stream(OutStream):
    """A kernel's stdout or stderr that waits for its thread only when there is something to send.

    ipykernel flushes both twice for each cell. The order stays what it was: one thread sends everything.
    """

    def flush(self) -> None:
        """Send what was written, if anything was."""
        if self._flush_pending or self._subprocess_flush_pending:
            super().flush()


class _Application(IPKernelApp):
    def __init__(self, connection: dict[str, Any], ready: int, **options: Any) -> None:
        super().__init__(**options)
        self._connection = connection
        self._ready = ready

    def parse_command_line(self, argv: Any = None) -> None:
        """There is none."""

    def _ip_default(self) -> str:
        return "127.0.0.1"  # what comes with the connection; found out by a look at all interfaces otherwise

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


def run_kernel(connection: dict[str, Any], *, ready: int) -> None:
    """Serve one kernel until it is told to end. A byte goes to the descriptor `ready` when its sockets are bound."""
    app = _Application(
        connection, ready, config=configuration(), log_level=logging.CRITICAL, capture_fd_output=False, parent_handle=0
    )
    _Application._instance = IPKernelApp._instance = app  # what instance() would have set
    app.initialize([])
    # ipykernel transforms and looks at each cell twice: to see whether it has to be awaited, and to run it.
    app.shell.transform_cell = functools.lru_cache(maxsize=1)(app.shell.transform_cell)
    app.shell.should_run_async = functools.lru_cache(maxsize=1)(app.shell.should_run_async)
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
    config.HistoryManager.enabled = False
    config.IPCompleter.use_jedi = False
    config.InteractiveShell.enable_tip = False
    config.Kernel._execute_sleep = 0.0  # so that output gets through before the reply: nbclient waits for both
    config.InteractiveShell.colors = "nocolor"
    return config
