"""Put a process where untrusted code may run: the judge opens a sandbox, each kernel joins it and is locked up there.

In the strictest tier the sandbox is a network with nothing but loopback and one folder of limited size, which judge and
kernel share. Root is not needed for it: an ordinary user makes a user namespace first, in which the rest is allowed.
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from labs.grading.isolation import filesystem, landlock, limits, linux, seccomp
from labs.grading.isolation.limits import Limits

__all__ = [
    "PROMISES",
    "TIERS",
    "TITLES",
    "Sandbox",
    "Tier",
    "drop_root",
    "join_sandbox",
    "lock_judge",
    "lock_kernel",
    "open_sandbox",
    "owner",
    "prepare",
]

NOBODY = 65534  # the user and group of judge and kernel when root grades
LEARNER = 1000  # the user and group that the kernel sees itself as in its namespaces
JUDGE_DATA = 1024 * 1024 * 1024  # bytes of memory for the judge of one submission


class Tier(StrEnum):
    """How strictly a machine isolates a kernel."""

    NAMESPACES = "namespaces"
    LANDLOCK = "landlock"
    LIMITS = "limits"
    NONE = "none"  # a kernel like any other, for papermill's own command: never while grading


TIERS = (Tier.NAMESPACES, Tier.LANDLOCK, Tier.LIMITS)  # that are graded in, from the best to the weakest
TITLES: dict[str, str] = {  # by tier
    Tier.NAMESPACES: "namespaces and seccomp",
    Tier.LANDLOCK: "Landlock and seccomp",
    Tier.LIMITS: "resource limits only",
}
PROMISES: dict[str, str] = {
    Tier.NAMESPACES: "no network but the lab's own, no file but Python's, no other process, bounded memory and disk",
    Tier.LANDLOCK: "no files but Python's, no connections but the lab's, no signals to others; memory is watched, "
    "disk is bounded for each file, and what exists elsewhere can be guessed",
    Tier.LIMITS: "bounded memory, files and time; it can read what you can read, and use the network: "
    "grade only people you trust",
}


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Where one kernel runs: part of a message to the forkserver."""

    tier: Tier
    shared: str  # the folder it shares with the judge: databases
    connect: tuple[int, ...] = ()  # the TCP ports that it may connect to, where they can be ruled
    limits: Limits = field(default_factory=Limits)


def prepare(needed: Sequence[Path] = ()) -> None:
    """Find out before a fork what holds for every judge or kernel behind it. `needed` is what `lock_judge` will get."""
    filesystem.readable(*needed)
    filesystem.visible()


def open_sandbox(tier: Tier, shared: Path, limits_: Limits) -> list[int]:
    """Enter a network and a mount namespace of its own, and limit `shared`. Called in a judge without threads.

    Returns descriptors for `join_sandbox`: the user namespace, which root does not need, then network and mounts. In
    other tiers than namespaces it does nothing and returns none. Raises OSError.
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


def lock_judge(tier: Tier, shared: Path, limits_: Limits, needed: Sequence[Path] = ()) -> None:
    """Leave a judge what it needs to judge, and take root's powers from it. Called after `open_sandbox`.

    `needed` are folders that it has to read besides Python's and the labs' own. The judge writes to files that the
    kernel may have turned into links; therefore it can write nowhere but in the shared folder, in Landlock's tier, too.
    Raises OSError.
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
    """Enter the judge's namespaces and make new ones for processes. Called where a kernel will be. Raises OSError."""
    kinds = (linux.NEWUSER, linux.NEWNET, linux.NEWNS)[-len(descriptors) :]
    for descriptor, kind in zip(descriptors, kinds, strict=True):
        linux.setns(descriptor, kind)
    linux.unshare(linux.NEWPID | linux.NEWIPC | linux.NEWUTS | linux.NEWCGROUP)


def lock_kernel(sandbox: Sandbox) -> None:
    """Make this process, and all that it will start, as unprivileged as the tier can. Raises OSError.

    Called in the first process of a kernel, which has no threads. After `join_sandbox` it has to be the first process
    of its process namespace.
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
    """Become the user nobody; where that user could not read Python's files, stay root without any of its powers."""
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
    """Whether every user can read what Python needs, all folders above it being open.

    Ask before `filesystem.build`: in the root that it makes, every folder is open, whatever it was before.
    """
    return all(map(_open_to_all, filesystem.readable()))


def _open_to_all(path: Path) -> bool:
    path = path.resolve()
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in (path, *path.parents) if folder.is_dir())


def _is_real_root() -> bool:
    """Whether root can become another user here. In a user namespace of an ordinary user there is no other user."""
    lines = Path("/proc/self/uid_map").read_text("ascii").splitlines()
    return any(int(line.split()[2]) > NOBODY for line in lines)


def _map(uid: int, outer_uid: int, gid: int, outer_gid: int) -> None:
    Path("/proc/self/setgroups").write_text("deny", "ascii")
    Path("/proc/self/uid_map").write_text(f"{uid} {outer_uid} 1", "ascii")
    Path("/proc/self/gid_map").write_text(f"{gid} {outer_gid} 1", "ascii")
