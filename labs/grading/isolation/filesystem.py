"""What a graded notebook sees of the file system: Python and its libraries to read, a few megabytes to write."""

from __future__ import annotations

import contextlib
import functools
import os
import site
import ssl
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from labs.grading.isolation import linux
from labs.grading.isolation.limits import Limits

__all__ = ["build", "hidden", "must_not_be_read", "readable"]

PACKAGE = Path(__file__).parents[2]
DEVICES = ("null", "zero", "full", "random", "urandom")
ROOT = PACKAGE.parent  # the clone, where it is one
# What programs and libraries expect of a system, wherever Python is. Whole trees such as /usr are not in it: somebody's
# clone or results may lie there.
_SYSTEM = (
    *("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/lib64", "/usr/lib64", "/usr/lib/locale", "/usr/share/locale"),
    *("/usr/share/zoneinfo", "/usr/share/terminfo", "/usr/lib/terminfo", "/usr/share/ca-certificates"),
    *("/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types", "/etc/ssl", "/etc/pki/tls", "/etc/alternatives"),
)
_SET_ATTRIBUTES, _RECURSIVE, _HERE = 442, 0x8000, -100
_MOUNT_READ_ONLY, _MOUNT_NOSUID = 1, 2


@functools.cache  # asked before a fork, it is known behind it
def readable(*more: Path) -> tuple[Path, ...]:
    """The folders and files that Python, the labs and their libraries need, shortest first and none inside another."""
    roots = {Path(path) for path in _SYSTEM} | _of_python() | _with_libraries() | {PACKAGE, *more}
    roots |= {root.resolve() for root in roots if root.exists()}
    roots |= _links_of_the_root()  # the links alone: what they lead to is a whole tree
    chosen: list[Path] = []
    for root in sorted((root for root in roots if os.path.lexists(root)), key=lambda path: len(path.parts)):
        if not any(root.is_relative_to(other) and not other.is_symlink() for other in chosen):
            chosen.append(root)
    return tuple(chosen)


def _links_of_the_root() -> set[Path]:
    """Links such as /lib, which lead into /usr: loaders and scripts name them."""
    return {Path("/") / name for name in ("lib", "lib32", "libx32") if (Path("/") / name).is_symlink()}


def _of_python() -> set[Path]:
    """Python's programs, its standard library and what is installed, of this environment and of the one below it."""
    found = {Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib", "scripts")}
    found |= {
        Path(folder)
        for folder in [*site.getsitepackages(), site.getusersitepackages() if site.ENABLE_USER_SITE else ""]
        if folder
    }
    for prefix in {Path(sys.prefix), Path(sys.base_prefix), Path(sys.exec_prefix)}:
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        found |= {prefix / "bin", prefix / "pyvenv.cfg", prefix / "lib" / version, prefix / "lib64" / version}
    certificates = ssl.get_default_verify_paths()
    found |= {Path(path) for path in (certificates.cafile, certificates.capath) if path}
    return {Path(os.path.realpath(sys.executable)).parent, *found}


def _with_libraries() -> set[Path]:
    """The folders of the shared objects that this process has loaded; whoever asks has imported everything."""
    found = set()
    with contextlib.suppress(OSError), open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
        for line in maps:
            path = line.split(maxsplit=5)[-1].strip()
            if path.startswith("/") and ".so" in path and os.path.isfile(path):
                found.add(Path(path).parent)
    return found


def hidden() -> list[Path]:
    """The folders that no kernel may see, though they may lie inside `readable`: checks, and the rest of a clone."""
    if not (ROOT / "pyproject.toml").is_file():
        return [PACKAGE / "patterns"]
    kept = (PACKAGE, Path(sys.prefix), Path(sys.base_prefix))
    folders = [child for child in sorted(ROOT.iterdir()) if child.is_dir() and not child.is_symlink()]
    others = [folder for folder in folders if not any(one.is_relative_to(folder) for one in kept)]
    return [PACKAGE / "patterns", *others]


def must_not_be_read() -> list[Path]:
    """What a kernel must fail to read: `hidden`, and what the home of whoever grades holds besides `readable`."""
    roots = readable()
    with contextlib.suppress(OSError):
        of_home = sorted(Path.home().iterdir())[:200]
        apart = (
            one for one in of_home if not any(root.is_relative_to(one) or one.is_relative_to(root) for root in roots)
        )
        return [*hidden(), *apart]
    return hidden()


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
        if os.path.lexists(path):  # a kernel is built in its judge's root, which may show less
            _show(path, root)
    if judge is None:
        for path in hidden():
            if os.path.isdir(_below(root, path)):
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
