"""A seccomp filter that refuses system calls which a notebook never needs, and which may lead out of a sandbox.

A list of refusals, not of permissions: learners may import anything. It is assembled by hand, because libseccomp is not
on every machine. Sources: seccomp(2), and the calls that Docker's default profile refuses.
"""

from __future__ import annotations

import ctypes
import errno
import struct
from collections.abc import Iterator, Sequence

from labs.grading.isolation import linux

__all__ = ["install"]

_LOAD_WORD, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _RETURN, _AND = 0x20, 0x15, 0x35, 0x06, 0x54
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND, _THIRD = 0, 4, 16, 24, 32  # offsets in struct seccomp_data
_SET_SECCOMP, _MODE_FILTER = 22, 2

_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32 = 0x40000000

# A step of the filter: (code, value) or (code, value, label if so, label if not); or ("label", name) marks a place.
Step = tuple[int, int] | tuple[int, int, str | None, str | None] | tuple[str, str]

# name: (number on x86_64, number on aarch64)
_REFUSED = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "memfd_secret": (447, 447),
    "userfaultfd": (323, 282),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),
    "setns": (308, 268),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "personality": (135, 92),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "quotactl": (179, 60),
    "acct": (163, 89),
    "swapon": (167, 224),
    "vmsplice": (278, 75),
}
_ABSENT = {"memfd_create": (319, 279)}  # memory outside every limit on files; programs cope with its absence
_SOCKET, _CLONE, _CLONE3, _IOCTL = (41, 198), (56, 220), (435, 435), (16, 29)
_NEW_NAMESPACES = 0x7E020080
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_UNIX, _INET, _INET6, _NETLINK, _STREAM = 1, 2, 10, 16, 1


def _program(*, tcp_only: bool) -> bytes:
    """The filter as the system takes it. See `install`."""
    kind = linux.machine()
    column = list(_AUDIT).index(kind)
    program: list[tuple[int, int, int, int]] = []

    def block(*steps: Step) -> None:
        """Add these steps; the label "end" stands behind them."""
        program.extend(_assembled(steps))

    def refuse(number: int, error: int) -> None:
        block((_JUMP_EQUAL, number, None, "end"), (_RETURN, _ERRNO | error))

    block((_LOAD_WORD, _ARCHITECTURE), (_JUMP_EQUAL, _AUDIT[kind], "end", None), (_RETURN, _KILL))
    block((_LOAD_WORD, _NUMBER))
    if kind == "x86_64":
        block((_JUMP_GREATER_EQUAL, _X32, None, "end"), (_RETURN, _ERRNO | errno.ENOSYS))
    refuse(_CLONE3[column], errno.ENOSYS)  # its flags are behind a pointer; glibc falls back to clone
    for numbers in _REFUSED.values():
        refuse(numbers[column], errno.EPERM)
    for numbers in _ABSENT.values():
        refuse(numbers[column], errno.ENOSYS)
    block(
        (_JUMP_EQUAL, _CLONE[column], None, "end"),
        (_LOAD_WORD, _FIRST),
        (_AND, _NEW_NAMESPACES),
        (_JUMP_EQUAL, 0, "fine", None),
        (_RETURN, _ERRNO | errno.EPERM),
        ("label", "fine"),
        (_LOAD_WORD, _NUMBER),
    )
    block(
        (_JUMP_EQUAL, _IOCTL[column], None, "end"),
        (_LOAD_WORD, _SECOND),
        (_JUMP_EQUAL, _TIOCSTI, "no", None),
        (_JUMP_EQUAL, _TIOCLINUX, "no", "fine"),
        ("label", "no"),
        (_RETURN, _ERRNO | errno.EPERM),
        ("label", "fine"),
        (_LOAD_WORD, _NUMBER),
    )
    block(*_socket_steps(column, tcp_only=tcp_only))
    block((_RETURN, _ALLOW))
    return b"".join(struct.pack("=HBBI", code, then, other, value) for code, then, other, value in program)


def _socket_steps(column: int, *, tcp_only: bool) -> list[Step]:
    """Which sockets may be made; `column` is the processor's."""
    families: list[Step] = [
        (_JUMP_EQUAL, _SOCKET[column], None, "end"),
        (_LOAD_WORD, _FIRST),
        (_JUMP_EQUAL, _INET, "inet", None),
        (_JUMP_EQUAL, _INET6, "inet", None),
        (_JUMP_EQUAL, _NETLINK, "netlink", None),
    ]
    if not tcp_only:
        families.append((_JUMP_EQUAL, _UNIX, "fine", None))
    families += [
        (_RETURN, _ERRNO | errno.EAFNOSUPPORT),
        ("label", "netlink"),
        (_LOAD_WORD, _THIRD),
        (_JUMP_EQUAL, 0, "fine", None),  # NETLINK_ROUTE: libzmq aborts without it
        (_RETURN, _ERRNO | errno.EAFNOSUPPORT),
        ("label", "inet"),
    ]
    if tcp_only:
        families += [(_LOAD_WORD, _SECOND), (_AND, 0xF), (_JUMP_EQUAL, _STREAM, "fine", None)]
        families += [(_RETURN, _ERRNO | errno.EPERM)]
    return [*families, ("label", "fine"), (_LOAD_WORD, _NUMBER)]


def _assembled(steps: Sequence[Step]) -> Iterator[tuple[int, int, int, int]]:
    """The instructions of these steps: code, how many to leave out if so, how many if not, value."""
    places: dict[str, int] = {}
    plain: list[tuple[int, int, str | None, str | None]] = []
    for step in steps:
        match step:
            case (str(), str(name)):
                places[name] = len(plain)
            case (int(code), int(value)):
                plain.append((code, value, None, None))
            case (int(code), int(value), then, otherwise):
                plain.append((code, value, then, otherwise))
    places["end"] = len(plain)
    for at, (code, value, then, otherwise) in enumerate(plain):
        yield code, places[then] - at - 1 if then else 0, places[otherwise] - at - 1 if otherwise else 0, value


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def install(*, tcp_only: bool) -> None:
    """Put the filter on this process and all that it starts, for good. Raises OSError.

    `tcp_only` also refuses UNIX sockets and UDP: without a network namespace they lead to other processes.
    """
    program = _program(tcp_only=tcp_only)
    buffer = ctypes.create_string_buffer(program, len(program))
    filter_ = _Filter(len(program) // 8, ctypes.addressof(buffer))
    linux.prctl(linux.SET_NO_NEW_PRIVS, 1)
    linux.prctl(_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(filter_))
