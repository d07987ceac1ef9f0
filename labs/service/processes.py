"""What everybody needs who runs something in a process of its own: fork or not, its variables, its end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping

__all__ = ["CAN_FORK", "how_it_ended", "kill_group", "set_variables"]

CAN_FORK = hasattr(os, "fork") and sys.platform == "linux"  # on macOS, libraries may not be used after a fork


def set_variables(env: Mapping[str, str | None]) -> None:
    """Set environment variables of this process; a value of None takes one out."""
    for name, value in env.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    if "TZ" in env and hasattr(time, "tzset"):
        time.tzset()  # a process reads it once


def kill_group(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """Kill a process that was started in a session of its own, with all that it has started, and wait for it."""
    if sys.platform == "win32":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def how_it_ended(code: int) -> str:
    """What an exit code means; a negative one is a signal's number."""
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"
