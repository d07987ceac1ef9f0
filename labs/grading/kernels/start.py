"""The warm process from which kernels are forked, seen from whoever starts it: it imports everything only once."""

from __future__ import annotations

import atexit
import os
import select
import shutil
import subprocess
import sys
from pathlib import Path

from labs.errors import UserError
from labs.grading.kernels.socket_folder import socket_folder

__all__ = ["START", "Forkserver", "shared_forkserver"]

START = 60.0  # seconds for a warm process to import everything, on a busy machine


class Forkserver:
    """The forkserver's process, started from here: it ends with `close`, or with this process."""

    def __init__(self) -> None:
        self._folder = Path(socket_folder())
        self.path = str(self._folder / "socket")
        # Its environment is readable in every kernel, /proc/self/environ included.
        environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/nonexistent"}
        if "PYTHONPATH" in os.environ:  # else it would have other labs than its judges, who could not let it in
            environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "labs.grading.kernels.forkserver", self.path],
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
    """The forkserver of this process: started when first asked for, or anew when it has ended. It ends with us."""
    if not _shared or not _shared[0].alive:
        for server in _shared:
            server.close()
        _shared[:] = [Forkserver()]
        atexit.register(_shared[0].close)
    return _shared[0]
