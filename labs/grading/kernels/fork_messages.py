"""What a provisioner, which asks for kernels, and the forkserver, which forks them, say to each other.

Each message is one packet, written as `labs.service.messages` does it.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass

from labs.grading.isolation.sandbox import Sandbox

__all__ = ["MAX_PACKET", "Ended", "KernelRequest", "SendSignal"]

MAX_PACKET = 64 * 1024  # bytes of one message


# From the provisioner


@dataclass(frozen=True, slots=True)
class KernelRequest:
    """Fork a kernel. Descriptors come with it: one to write to when the kernel can be talked to, then namespaces."""

    connection: dict[str, str | int]  # Jupyter's connection information: transport, ip, ports and key
    sandbox: Sandbox
    env: dict[str, str]  # the kernel's whole environment
    cwd: str  # made when it is missing


@dataclass(frozen=True, slots=True)
class SendSignal:
    """Send this signal to the kernel."""

    number: int

    def __post_init__(self) -> None:
        if not 0 < self.number < signal.NSIG:
            raise ValueError(f"{self.number} is not a signal")


# From the forkserver


@dataclass(frozen=True, slots=True)
class Ended:
    """The kernel and all that it started are gone."""

    code: int  # the kernel's exit code; a negative one is the number of the signal that killed it
    why: str  # a sentence when the kernel was stopped for what it did, else empty
