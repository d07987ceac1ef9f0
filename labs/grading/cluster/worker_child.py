"""Grades beside a dask worker, in a process of its own, so that forks, limits and signals are none of dask's business.

Its first line is Hello; then each line that comes in is a Task, and each that goes out is Graded. It ends, with all
that it has started, when its input does: when it is no longer wanted, or the worker is gone.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from labs.grading.judges.pool import Pool

__all__ = ["main"]


def main() -> None:
    """Grade what stdin asks for, one at a time."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is not a result

    def say(line: bytes) -> None:
        out.write(line)
        out.flush()

    try:
        _serve(say)
    except (KeyboardInterrupt, BrokenPipeError):
        return


def _serve(say: Callable[[bytes], None]) -> None:
    from labs.course import catalog
    from labs.errors import UserError
    from labs.grading.cluster.identity import identity
    from labs.grading.cluster.worker_messages import Hello, Task
    from labs.grading.doctor import refuse_unsafe_libraries
    from labs.grading.isolation import tiers
    from labs.grading.isolation.sandbox import Tier
    from labs.grading.judges.pool import Pool
    from labs.service.messages import decode, encode

    findings = tiers.explore()  # it forks: before there is a thread
    version, release = identity()
    unfit = ""
    try:
        refuse_unsafe_libraries()
    except UserError as error:
        unfit = str(error)
    say(encode(Hello(version, release, findings.best, unfit, findings.problems.get(Tier.NAMESPACES, ""))))
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin.buffer, lines), daemon=True).start()
    pool: Pool | None = None
    try:
        while line := lines.get():
            task = decode(line, Task)
            tier = Tier.LIMITS if task.isolation == "none" else findings.best
            job = replace(task.job, tier=tier, patterns=str(catalog.PATTERNS), notebooks=str(catalog.NOTEBOOKS))
            pool = pool or Pool(1)
            for graded in pool.grade([job]):
                say(encode(graded))
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if pool is not None:
            pool.close()


def _read(file: BinaryIO, lines: queue.SimpleQueue[bytes]) -> None:
    for line in file:
        lines.put(line)
    os.kill(os.getpid(), signal.SIGINT)  # wherever the main thread is
    lines.put(b"")
