"""Keep Ctrl-C away while Python forks: it would be lost there, or end in a traceback that nobody understands."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

__all__ = ["interrupts_held"]


@contextlib.contextmanager
def interrupts_held() -> Iterator[None]:
    """Block Ctrl-C in this process until the block ends, and for good in every process that is started in the block.

    What Python calls after a fork can't pass an exception on: an interrupt that comes there would be forgotten.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
