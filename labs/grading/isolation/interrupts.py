"""When Ctrl-C may come: not while Python forks, where it is lost or ends in a traceback of somebody else's."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

__all__ = ["interrupts_held"]


@contextlib.contextmanager
def interrupts_held() -> Iterator[None]:
    """Let Ctrl-C wait until the end of this, here, and for good in every process that is started meanwhile.

    What Python calls after a fork can't pass an exception on: an interrupt that comes there would be forgotten.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
