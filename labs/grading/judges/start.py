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
from typing import Any  # Any: multiprocessing gives its settings no types

from labs.grading.isolation.interrupts import interrupts_held
from labs.grading.kernels.socket_folder import socket_folder

__all__ = ["forking_context"]


def forking_context() -> ForkServerContext:
    """What starts processes by forking one that has imported all that judges need. The imports begin now."""
    # multiprocessing offers no other way to say where its sockets are.
    config: dict[str, Any] = multiprocessing.current_process()._config  # type: ignore[attr-defined]
    if config.get("tempdir") is None:  # named so that the next run finds it if this one is killed
        config["tempdir"] = socket_folder()
        atexit.register(shutil.rmtree, config["tempdir"], ignore_errors=True)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["labs.grading.judges.preload"])
    multiprocessing.resource_tracker.ensure_running()  # beforehand, because it lets interrupts through in the end
    with interrupts_held():  # which the imports would answer by a traceback
        multiprocessing.forkserver.ensure_running()
    atexit.register(_end_judges)
    return context


def _end_judges() -> None:
    """Kill the warm process.

    It ends by itself when nobody needs it any more, but notices that only when all of its imports are done.
    """
    pid: int | None = multiprocessing.forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]  # has no name
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
