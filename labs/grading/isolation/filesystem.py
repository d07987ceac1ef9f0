"""What a graded notebook sees of the file system: Python and its libraries to read, a few megabytes to write."""

from __future__ import annotations

import functools
import os
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from labs.grading.isolation import linux
from labs.grading.isolation.limits import Limits

__all__ = ["build", "hidden", "readable"]

PACKAGE = Path(__file__).parents[2]
DEVICES = ("null", "zero", "full", "random", "urandom")
_SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64"),
    *("/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types", "/etc/ssl", "/etc/alternatives"),
)
_SET_ATTRIBUTES, _RECURSIVE, _HERE = 442, 0x8000, -100
_MOUNT_READ_ONLY, _MOUNT_NOSUID = 1, 2


@functools.cache  # asked before a fork, it is known behind it
def readable(*more: Path) -> tuple[Path, ...]:
    """The folders and files that Python, the labs and their libraries need, shortest first and none inside another."""
    roots = {Path(path) for path in _SYSTEM}
    roots |= {Path(sys.prefix), Path(sys.base_prefix), Path(sys.exec_prefix), PACKAGE}
    roots |= {Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")}
    roots |= set(more)
    roots |= {root.resolve() for root in roots if root.exists()}
    chosen: list[Path] = []
    for root in sorted((root for root in roots if os.path.lexists(root)), key=lambda path: len(path.parts)):
        if not any(root.is_relative_to(other) and not other.is_symlink() for other in chosen):
            chosen.append(root)
    return tuple(chosen)


def hidden() -> list[Path]:
    """The folders inside `readable` that hold checks and reference solutions, which no kernel may see."""
    return [PACKAGE / "patterns"]


@functools.cache  # asked before a fork, it is known behind it
def visible() -> tuple[Path, ...]:
    """All that is in `readable` and not in `hidden`, as a list of folders and files.

    Landlock needs it: it can allow a folder, but can't cover another one inside it, as a mount namespace can.
    """
    found: list[Path] = []
    for root in readable():
        found += _without(root, set(hidden()))
    return tuple(found)


def _without(root: Path, covered: set[Path]) -> list[Path]:
    if root in covered:
        return []
    if not any(path.is_relative_to(root) for path in covered):
        return [root]
    return [path for child in sorted(root.iterdir()) for path in _without(child, covered)]


def build(root: Path, shared: Path, limits: Limits, *, judge: Sequence[Path] | None = None) -> None:
    """Make a new root in this mount namespace and move into it. Raises OSError.

    `root` is an empty folder that is used as a mount point; `shared` is seen and writable at the same path.
    Everything else is read-only, except /tmp and /dev/shm of a limited size. A judge sees the checks as well, these
    folders, and the processes of this machine.
    """
    small = "size=2m,nr_inodes=2048,mode=755"
    linux.mount("tmpfs", str(root), "tmpfs", linux.NOSUID | linux.NODEV, small)
    sized = f"size={limits.disk},nr_inodes={limits.inodes},mode=1777"
    _tmpfs(root, "/tmp", sized)  # the new root's own; first, because what is shown may be below it
    for path in readable(*(judge or ())):
        _show(path, root)
    if judge is None:
        for path in hidden():
            if path.is_dir():
                cover = linux.NOSUID | linux.NODEV | linux.NOEXEC | linux.RDONLY
                linux.mount("tmpfs", _below(root, path), "tmpfs", cover, "size=4k,mode=555")
    os.makedirs(root / "dev")
    for name in DEVICES:
        (root / "dev" / name).touch()
        linux.mount(f"/dev/{name}", str(root / "dev" / name), flags=linux.BIND)
    for link, target in (("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        (root / "dev" / link).symlink_to(target)
    (root / "dev" / "pts").mkdir()
    linux.mount("devpts", str(root / "dev" / "pts"), "devpts", linux.NOSUID | linux.NOEXEC, "newinstance,ptmxmode=0666")
    (root / "dev" / "ptmx").symlink_to("pts/ptmx")  # `!command` runs on a terminal
    _tmpfs(root, "/dev/shm", "size=16m,nr_inodes=256,mode=1777")  # the new root's own
    seen = Path(_below(root, shared))
    seen.mkdir(parents=True, exist_ok=True)
    linux.mount(str(shared), str(seen), flags=linux.BIND)  # without what is mounted inside: this root
    (root / "proc").mkdir(exist_ok=True)
    if judge is not None:
        linux.mount("/proc", str(root / "proc"), flags=linux.BIND | linux.REC)
    else:
        linux.mount("proc", str(root / "proc"), "proc", linux.NOSUID | linux.NODEV | linux.NOEXEC)
    old = root / ".old"
    old.mkdir()
    linux.pivot_root(str(root), str(old))
    os.chdir("/")
    linux.unmount("/.old")
    os.rmdir("/.old")
    linux.mount("", "/", flags=linux.REMOUNT | linux.BIND | linux.RDONLY | linux.NOSUID | linux.NODEV)


def _below(root: Path, path: Path) -> str:
    return str(root / path.relative_to("/"))


def _tmpfs(root: Path, path: str, options: str) -> None:
    os.makedirs(_below(root, Path(path)), exist_ok=True)
    linux.mount("tmpfs", _below(root, Path(path)), "tmpfs", linux.NOSUID | linux.NODEV, options)


def _show(path: Path, root: Path) -> None:
    target = Path(_below(root, path))
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        target.symlink_to(os.readlink(path))
        return
    if path.is_dir():
        target.mkdir(exist_ok=True)
    else:
        target.touch()
    linux.mount(str(path), str(target), flags=linux.BIND | linux.REC)
    _make_read_only(str(target))


def _make_read_only(path: str) -> None:
    """Make a mount read-only, with everything mounted below it, which a plain remount would leave writable."""
    attributes = (_MOUNT_READ_ONLY | _MOUNT_NOSUID).to_bytes(8, "little") + bytes(24)
    linux.syscall(_SET_ATTRIBUTES, _HERE, path.encode(), _RECURSIVE, attributes, len(attributes))
