"""The Linux system calls of isolation that Python 3.11 does not offer, through ctypes."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import functools
import os
import platform
import socket
import struct
from typing import Any  # Any: what ctypes takes

__all__ = [
    "bring_loopback_up",
    "drop_capabilities",
    "mount",
    "name_process",
    "pivot_root",
    "prctl",
    "setns",
    "syscall",
    "unmount",
    "unshare",
]

NEWNS, NEWCGROUP, NEWUTS, NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000

RDONLY, NOSUID, NODEV, NOEXEC, REMOUNT, BIND, MOVE, REC, PRIVATE = 1, 2, 4, 8, 32, 4096, 8192, 16384, 1 << 18
DETACH = 2

SET_PDEATHSIG, SET_DUMPABLE, CAPBSET_DROP, SET_CHILD_SUBREAPER, SET_NO_NEW_PRIVS = 1, 4, 24, 36, 38
LAST_CAPABILITY = 63

_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_CAPSET = {"x86_64": 126, "aarch64": 91}


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def syscall(number: int, *arguments: Any) -> int:
    """A system call by its number. Raises OSError."""
    return _checked(_libc().syscall(number, *arguments), f"system call {number}")


def machine() -> str:
    """The processor's name, "x86_64" or "aarch64". Raises OSError for others, whose call numbers are not known here."""
    name = platform.machine()
    if name not in _PIVOT_ROOT:
        raise OSError(f"no isolation for processors of the kind {name}")
    return name


def prctl(option: int, *values: int) -> None:
    """prctl(2). Raises OSError."""
    padded = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    _checked(_libc().prctl(option, *padded), f"prctl {option}")


def name_process(name: str) -> None:
    """Call this process by a name of at most 15 characters in `ps`, `top` and `perf`, where there are such names."""
    with contextlib.suppress(OSError), open("/proc/self/comm", "w", encoding="ascii") as comm:
        comm.write(name)


def unshare(flags: int) -> None:
    """unshare(2). Raises OSError."""
    _checked(_libc().unshare(flags), "unshare")


def setns(descriptor: int, kind: int) -> None:
    """setns(2). Raises OSError."""
    _checked(_libc().setns(descriptor, kind), "setns")


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """mount(2). Raises OSError."""
    result = _libc().mount(
        source.encode(), target.encode(), kind.encode() or None, ctypes.c_ulong(flags), data.encode() or None
    )
    _checked(result, f"mount {target}")


def unmount(target: str) -> None:
    """Detach a mount and everything below it. Raises OSError."""
    _checked(_libc().umount2(target.encode(), DETACH), f"umount {target}")


def pivot_root(new: str, old: str) -> None:
    """Make `new` the root; the old one is then at `old`, a folder below `new`. Raises OSError."""
    syscall(_PIVOT_ROOT[machine()], new.encode(), old.encode())


def bring_loopback_up() -> None:
    """Switch on `lo` in the current network namespace, which has it, switched off. Raises OSError."""
    siocsifflags, up_and_running = 0x8914, 0x1 | 0x40
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        fcntl.ioctl(probe, siocsifflags, struct.pack("16sh14x", b"lo", up_and_running))


def drop_capabilities() -> None:
    """Give up every capability for good, in this process and whatever it executes. Raises OSError."""
    for capability in range(LAST_CAPABILITY + 1):
        try:
            prctl(CAPBSET_DROP, capability)
        except OSError:  # past the last one that this kernel knows
            break
    version_3 = struct.pack("=Ii", 0x20080522, 0)
    syscall(_CAPSET[machine()], version_3, bytes(24))
