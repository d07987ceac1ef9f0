"""The warm process from which judges are forked: it imports everything only once."""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import multiprocessing.forkserver
import multiprocessing.resource_tracker
import os
import shutil
import signal
from multiprocessing.context import ForkServerContext

from labs.grading.isolation.interrupts import interrupts_held
from labs.grading.kernels.socket_folder import socket_folder

__all__ = ["forking_context"]


def forking_context() -> ForkServerContext:
    """Starts processes by a fork of one that has imported what judges need; it begins to do so now."""
    process = multiprocessing.current_process()
    if process._config.get("tempdir") is None:  # named so that the next run finds it if this one is killed
        process._config["tempdir"] = socket_folder()
        atexit.register(shutil.rmtree, process._config["tempdir"], ignore_errors=True)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["labs.grading.judges.preload"])
    multiprocessing.resource_tracker.ensure_running()  # beforehand, because it lets interrupts through in the end
    with interrupts_held():  # which the imports would answer by a traceback
        multiprocessing.forkserver.ensure_running()
    atexit.register(_end_judges)
    return context


def _end_judges() -> None:
    """End the warm process at once: while it still imports, it would only notice afterwards that nobody wants it."""
    pid = multiprocessing.forkserver._forkserver._forkserver_pid
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
