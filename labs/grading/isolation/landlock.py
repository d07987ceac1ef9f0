"""Landlock: a process gives up most of the file system, TCP ports and signals to others, without any privilege.

Source: landlock(7) and the kernel's userspace-api/landlock.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path

from labs.grading.isolation import linux

__all__ = ["abi", "restrict"]

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # numbers that hold for every processor
_VERSION = 1
_PATH_BENEATH, _NET_PORT = 1, 2
_EXECUTE, _WRITE, _READ, _READ_FOLDER = 1, 2, 4, 8
_TRUNCATE, _DEVICE_IOCTL = 1 << 14, 1 << 15
_READ_ONLY = _EXECUTE | _READ | _READ_FOLDER
_OF_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE | _DEVICE_IOCTL
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}  # how many rights an ABI knows; 16 from the fifth on
_BIND, _CONNECT = 1, 2
_ABSTRACT_SOCKETS, _SIGNALS = 1, 2

SIGNALS_SINCE = 6  # the ABI from which on other processes can't be signalled
PORTS_SINCE = 4  # the ABI from which on TCP ports are ruled


def abi() -> int:
    """The version of Landlock here; 0 when there is none."""
    try:
        return linux.syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint(_VERSION))
    except OSError:
        return 0


def restrict(*, readable: Iterable[Path], writable: Iterable[Path], connect: Iterable[int] | None = None) -> None:
    """Take everything from this process, for good, but these folders and files.

    With `connect` it can connect only to these TCP ports. Paths that do not exist are passed over. Raises OSError.
    """
    version = abi()
    if not version:
        raise OSError("this kernel has no Landlock")
    rights = (1 << _FILE_RIGHTS.get(version, 16)) - 1
    ports = _CONNECT if version >= PORTS_SINCE and connect is not None else 0
    scopes = _ABSTRACT_SOCKETS | _SIGNALS if version >= SIGNALS_SINCE else 0
    size = 24 if version >= SIGNALS_SINCE else 16 if version >= PORTS_SINCE else 8
    attributes = ctypes.create_string_buffer(struct.pack("=QQQ", rights, ports, scopes), 24)
    rules = linux.syscall(_CREATE, attributes, ctypes.c_size_t(size), ctypes.c_uint(0))
    try:
        for paths, allowed in ((readable, _READ_ONLY), (writable, rights)):
            for path in paths:
                _allow(rules, path, allowed & rights)
        for port in (connect or ()) if ports else ():
            rule = ctypes.create_string_buffer(struct.pack("=QQ", _CONNECT, port), 16)
            linux.syscall(_ADD, rules, _NET_PORT, rule, 0)
        linux.prctl(linux.SET_NO_NEW_PRIVS, 1)
        linux.syscall(_RESTRICT, rules, 0)
    finally:
        os.close(rules)


def _allow(rules: int, path: Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # absent, or nothing that this user may reach anyway
        return
    try:
        if not path.is_dir():
            rights &= _OF_FILES
        rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, descriptor), 12)
        linux.syscall(_ADD, rules, _PATH_BENEATH, rule, 0)
    finally:
        os.close(descriptor)
