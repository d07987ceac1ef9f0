"""The two warm processes: from one judges are forked, from the other kernels. Each imports everything only once."""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import multiprocessing.forkserver
import multiprocessing.resource_tracker
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from multiprocessing.context import ForkServerContext
from pathlib import Path

from labs.errors import UserError
from labs.grading.interrupts import interrupts_held

__all__ = ["START", "Forkserver", "judges", "shared_forkserver"]

MAX_FOLDER = 85  # bytes of the path of a folder for sockets: Linux takes 107 for a socket, and Python names it
START = 60.0  # seconds for a warm process to import everything, on a busy machine


def judges() -> ForkServerContext:
    """Starts processes by a fork of one that has imported what judges need; it begins to do so now."""
    process = multiprocessing.current_process()
    if process._config.get("tempdir") is None:  # named so that the next run finds it if this one is killed
        process._config["tempdir"] = _folder()
        atexit.register(shutil.rmtree, process._config["tempdir"], ignore_errors=True)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["labs.grading.preload"])
    multiprocessing.resource_tracker.ensure_running()  # beforehand, because it lets interrupts through in the end
    with interrupts_held():  # which the imports would answer by a traceback
        multiprocessing.forkserver.ensure_running()
    atexit.register(_end_judges)
    return context


def _folder() -> str:
    """One for sockets. Raises UserError where their paths would be longer than the system takes."""
    place = tempfile.gettempdir()
    folder = f"labs-fork-{os.getpid()}-"
    if len(os.fsencode(place)) + len(f"/{folder}12345678") > MAX_FOLDER:
        raise UserError(f"{place} is too long a path for temporary files: set TMPDIR to a shorter one, such as /tmp.")
    return tempfile.mkdtemp(prefix=folder)


def _end_judges() -> None:
    """At once: while it still imports, it would notice only afterwards that nobody wants it any more."""
    pid = multiprocessing.forkserver._forkserver._forkserver_pid
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


class Forkserver:
    """The forkserver's process, started from here: it ends with `close`, or with this process."""

    def __init__(self) -> None:
        self._folder = Path(_folder())
        self.path = str(self._folder / "socket")
        # Its environment is readable in every kernel, /proc/self/environ included.
        environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/nonexistent"}
        if "PYTHONPATH" in os.environ:  # else it would have other labs than its judges, who could not let it in
            environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "labs.grading.forkserver", self.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            cwd="/",
            process_group=0,  # Ctrl-C is for whoever asks for kernels
        )
        assert self._process.stdout is not None
        try:
            ready, _, _ = select.select([self._process.stdout], [], [], START)
        except KeyboardInterrupt:
            self.close()
            raise
        if not ready or not self._process.stdout.readline().startswith(b"ready"):
            self.close()
            raise UserError("The process that forks kernels did not start: see its message above.")

    @property
    def alive(self) -> bool:
        """Whether it can be asked for kernels."""
        return self._process.poll() is None

    def close(self) -> None:
        """End it, and with it every kernel that is left."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        shutil.rmtree(self._folder, ignore_errors=True)


_shared: list[Forkserver] = []


def shared_forkserver() -> Forkserver:
    """One for this process, started when first asked for, or anew when it has ended; it ends with this process."""
    if not _shared or not _shared[0].alive:
        for server in _shared:
            server.close()
        _shared[:] = [Forkserver()]
        atexit.register(_shared[0].close)
    return _shared[0]
