"""A judge beside a dask worker: one process, so that forks, limits and signals are none of dask's business.

Its first line says who it is; then each line that comes in is a job, and each that goes out its result. It ends, with
all that it has started, when its input does: when it is no longer wanted, or the worker is gone.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from labs.grading.judges.pool import Pool

__all__ = ["main"]


def main() -> None:
    """Judge what stdin asks for, one at a time."""
    out = os.fdopen(os.dup(1), "w", encoding="ascii", errors="strict")
    os.dup2(2, 1)  # what libraries print is no result

    def say(text: str) -> None:
        out.write(text + "\n")
        out.flush()

    try:
        _judge(say)
    except (KeyboardInterrupt, BrokenPipeError):
        return


def _judge(say: Callable[[str], None]) -> None:
    from labs.course import catalog
    from labs.errors import UserError
    from labs.grading.cluster import wire
    from labs.grading.doctor import refuse_unsafe_libraries
    from labs.grading.isolation import tiers
    from labs.grading.isolation.sandbox import Tier
    from labs.grading.judges.pool import Pool

    findings = tiers.explore()  # it forks: before there is a thread
    version, release = wire.identity()
    unfit = ""
    try:
        refuse_unsafe_libraries()
    except UserError as error:
        unfit = str(error)
    hello = {"version": version, "release": release, "tier": findings.best, "unfit": unfit}
    say(json.dumps({**hello, "problem": findings.problems.get(Tier.NAMESPACES, "")}))
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin.buffer, lines), daemon=True).start()
    pool: Pool | None = None
    try:
        while line := lines.get():
            task = json.loads(line)
            tier = Tier.LIMITS if task["isolation"] == "none" else findings.best
            job = wire.job_from_text(
                task["job"], tier=tier, patterns=str(catalog.PATTERNS), notebooks=str(catalog.NOTEBOOKS)
            )
            pool = pool or Pool(1)
            for judged in pool.judge([job]):
                say(wire.judged_to_text(judged))
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if pool is not None:
            pool.close()


def _read(file: BinaryIO, lines: queue.SimpleQueue[bytes]) -> None:
    for line in file:
        lines.put(line)
    os.kill(os.getpid(), signal.SIGINT)  # wherever the main thread is
    lines.put(b"")
