"""Put a process where untrusted code may run: the judge opens a box, and each kernel enters it and is locked up there.

The box is what judge and kernel share: a network with nothing but loopback, and one folder of limited size. Being root
makes no difference: without it a user namespace comes first, in which the rest can be had.
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from labs.grading.isolation import filesystem, landlock, limits, linux, seccomp
from labs.grading.isolation.limits import Limits

__all__ = ["Sandbox", "Tier", "drop_root", "join_sandbox", "lock_kernel", "open_sandbox", "prepare"]

NOBODY = 65534  # the user and group of judge and kernel when root grades
LEARNER = 1000  # and how the kernel sees itself in its namespaces
JUDGE_DATA = 1024 * 1024 * 1024  # bytes of memory for the judge of one submission


class Tier:
    """How strictly, from the best to the weakest."""

    NAMESPACES = "namespaces"
    LANDLOCK = "landlock"
    LIMITS = "limits"
    ALL = (NAMESPACES, LANDLOCK, LIMITS)
    NONE = "none"  # a kernel like any other, for papermill's own command: never while grading


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Where one kernel runs; goes over a socket as JSON."""

    tier: str
    shared: str  # the folder it shares with the judge: databases
    connect: tuple[int, ...] = ()  # the TCP ports that it may connect to, where they can be ruled
    limits: Limits = field(default_factory=Limits)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The opposite of to_dict."""
        return cls(**{**data, "connect": tuple(data["connect"]), "limits": Limits(**data["limits"])})


def prepare(needed: Sequence[Path] = ()) -> None:
    """Find out before a fork what is the same for every judge or kernel behind it; `needed` as for `lock_judge`."""
    filesystem.readable(*needed)
    filesystem.visible()


def open_sandbox(tier: str, shared: Path, limits_: Limits) -> list[int]:
    """Called in a judge without threads: enter a network and a mount namespace of its own, and limit `shared`.

    Returns descriptors for `join_sandbox`: of the user namespace unless root, then network and mounts. Raises OSError.
    """
    if tier != Tier.NAMESPACES:
        return []
    user = [] if os.geteuid() == 0 else ["user"]
    new = linux.NEWNS | linux.NEWNET
    if user:
        uid, gid = os.getuid(), os.getgid()
        linux.unshare(new | linux.NEWUSER)
        _map(0, uid, 0, gid)
    else:
        linux.unshare(new)
    linux.bring_loopback_up()
    linux.mount("", "/", flags=linux.REC | linux.PRIVATE)
    options = f"size={limits_.disk},nr_inodes={limits_.inodes},mode=1777"
    linux.mount("tmpfs", str(shared), "tmpfs", linux.NOSUID | linux.NODEV, options)
    return [os.open(f"/proc/self/ns/{name}", os.O_RDONLY | os.O_CLOEXEC) for name in (*user, "net", "mnt")]


def lock_judge(tier: str, shared: Path, limits_: Limits, needed: Sequence[Path] = ()) -> None:
    """Called in a judge behind open_sandbox: it keeps what it needs to judge, and gives up being root. Raises OSError.

    `needed` are folders that it has to read besides Python's and the labs' own. It writes to files that the kernel may
    have turned into links: without a root of its own, too, it can write nowhere but in the shared folder.
    """
    linux.prctl(linux.SET_PDEATHSIG, signal.SIGKILL)
    if tier == Tier.NAMESPACES:
        root = shared / "judge"
        root.mkdir()
        filesystem.build(root, shared, limits_, judge=needed)
        root.rmdir()
    drop_root()
    linux.prctl(linux.SET_NO_NEW_PRIVS, 1)
    if tier == Tier.LANDLOCK:
        landlock.restrict(readable=[Path("/")], writable=[shared, *_devices()])
    linux.prctl(linux.SET_PDEATHSIG, signal.SIGKILL)  # changing users has cleared it
    resource.setrlimit(resource.RLIMIT_DATA, (JUDGE_DATA, JUDGE_DATA))


def join_sandbox(descriptors: Sequence[int]) -> None:
    """Called in a kernel to be: enter the judge's namespaces, and new ones for its processes. Raises OSError."""
    kinds = (linux.NEWUSER, linux.NEWNET, linux.NEWNS)[-len(descriptors) :]
    for descriptor, kind in zip(descriptors, kinds, strict=True):
        linux.setns(descriptor, kind)
    linux.unshare(linux.NEWPID | linux.NEWIPC | linux.NEWUTS | linux.NEWCGROUP)


def lock_kernel(sandbox: Sandbox) -> None:
    """Called in the first process of a kernel, without threads and, in a box, as the first of its process namespace.

    From then on it is as unprivileged as the tier can make it, and so is all that it starts. Raises OSError.
    """
    if sandbox.tier == Tier.NONE:
        os.setsid()
        return
    shared = Path(sandbox.shared)
    if sandbox.tier == Tier.NAMESPACES:
        linux.unshare(linux.NEWNS)
        root = shared / f"kernel-{os.urandom(4).hex()}"
        root.mkdir()
        filesystem.build(root, shared, sandbox.limits)
        os.rmdir(root)
        if os.getuid() == 0 and _is_real_root():
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            linux.prctl(linux.SET_DUMPABLE, 1)  # else /proc/self/uid_map belongs to root
        uid, gid = os.getuid(), os.getgid()
        linux.unshare(linux.NEWUSER)
        _map(LEARNER, uid, LEARNER, gid)
        limits.apply(sandbox.limits, count_processes=True)
        linux.drop_capabilities()
        seccomp.install(tcp_only=False)
    else:
        os.setsid()
        drop_root()
        limits.apply(sandbox.limits, count_processes=os.getuid() != 0, others=limits.processes_of(os.getuid()))
        if sandbox.tier == Tier.LANDLOCK:
            linux.prctl(linux.SET_NO_NEW_PRIVS, 1)
            landlock.restrict(
                readable=[*filesystem.visible(), Path("/proc/self")],
                writable=[shared, *_devices()],
                connect=sandbox.connect,
            )
            seccomp.install(tcp_only=True)
    linux.prctl(linux.SET_PDEATHSIG, signal.SIGKILL)


def _devices() -> list[Path]:
    return [Path("/dev") / name for name in filesystem.DEVICES]


def drop_root() -> None:
    """Become nobody, or, where nobody could not read Python's own files, root without any of its powers."""
    if os.geteuid() != 0:
        return
    if not _is_real_root() or not _readable_by_all():
        linux.drop_capabilities()
        return
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    linux.prctl(linux.SET_DUMPABLE, 1)


def owner() -> int:
    """The user to whom the shared folder has to belong, so that judge and kernel may write to it."""
    return NOBODY if os.geteuid() == 0 and _readable_by_all() else os.geteuid()


def _readable_by_all() -> bool:
    """Not the same within a root of our own, where all folders on the way are open."""
    return all(map(_open_to_all, filesystem.readable()))


def _open_to_all(path: Path) -> bool:
    path = path.resolve()
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in (path, *path.parents) if folder.is_dir())


def _is_real_root() -> bool:
    """Whether user 0 here has other users to become: in a namespace made by an ordinary user it has none."""
    lines = Path("/proc/self/uid_map").read_text("ascii").splitlines()
    return any(int(line.split()[2]) > NOBODY for line in lines)


def _map(uid: int, outer_uid: int, gid: int, outer_gid: int) -> None:
    Path("/proc/self/setgroups").write_text("deny", "ascii")
    Path("/proc/self/uid_map").write_text(f"{uid} {outer_uid} 1", "ascii")
    Path("/proc/self/gid_map").write_text(f"{gid} {outer_gid} 1", "ascii")
