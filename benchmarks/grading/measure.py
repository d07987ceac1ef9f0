"""Processor time and memory of everything that a way of grading starts, however deep."""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
import time
from pathlib import Path

from labs.grading.isolation.limits import descendants

__all__ = ["Watch", "adopt_orphans", "children", "proportional_memory", "reap"]

_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Let whatever outlives its parent become this process's child, where it is seen."""
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap(known: set[int], seconds: float = 10.0) -> list[int]:
    """Wait for the end of all children but the known ones; returns those that did not end."""
    deadline = time.monotonic() + seconds
    while True:
        left = [pid for pid in children() if pid not in known]
        for pid in left:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.02)


def children() -> list[int]:
    """The processes that belong to this one directly."""
    found: list[int] = []
    for task in Path("/proc/self/task").iterdir():
        found += map(int, (task / "children").read_text("ascii").split())
    return found


def proportional_memory(pids: list[int]) -> int:
    """Bytes of memory of these processes together, shared pages counted once."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError, ValueError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


class Watch:
    """Looks many times a second at all that this process has started: processor time so far, memory at its most.

    What the system itself adds up for a parent lacks kernels in namespaces: nobody ever waits for them.
    """

    def __init__(self, interval: float = 0.02) -> None:
        self.peak = 0
        self._interval = interval
        self._used: dict[tuple[int, float], float] = {}
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()

    def cpu(self) -> float:
        """Seconds of processor time until now, short of what the ended ones did after the last look."""
        with self._lock:
            self._look()
            return sum(self._used.values())

    def _watch(self) -> None:
        looks = 0
        while not self._stop.wait(self._interval):
            with self._lock:
                pids = self._look()
            looks += 1
            if looks % 10 == 0:  # costs a millisecond a process
                self.peak = max(self.peak, proportional_memory(pids))

    def _look(self) -> list[int]:
        pids = descendants(os.getpid())[1:]
        for pid in pids:
            with contextlib.suppress(OSError, ValueError, IndexError):
                began = float(Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[19])
                self._used[pid, began] = time.clock_gettime((~pid << 3) | 2)  # the clock of all its threads
        return pids
