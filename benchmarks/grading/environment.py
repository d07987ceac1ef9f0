"""The peers, each in a virtual environment of its own, and the kernel that they start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from benchmarks.grading.workload import KERNEL

__all__ = ["Peer", "cache_folder", "environment", "install"]


def cache_folder() -> Path:
    """Where the peers are installed and interrupted runs are kept: outside the repository."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "labs-benchmark"


class Peer:
    """An installed peer: where its commands are, and which version they have."""

    def __init__(self, folder: Path, package: str) -> None:
        self.folder = folder
        self.commands = folder / "bin"
        code = f"import importlib.metadata as m; print(m.version({package!r}))"
        self.environment = environment(folder)
        self.environment["PATH"] = f"{self.commands}:{self.environment['PATH']}"
        self.version = subprocess.check_output([self.commands / "python", "-c", code], text=True).strip()


def install(package: str, cache: Path, *, in_kernel: bool = False) -> Peer:
    """Install it if it is not there yet. `in_kernel`: its kernels need it, and with it all that the project has."""
    folder = cache / package
    done = folder / "installed"
    if not done.exists():
        print(f"Installing {package} into {folder} …", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.check_call([folder / "bin/python", "-m", "pip", "install", "--quiet", package])
        if in_kernel:
            ours = sysconfig.get_path("purelib")
            theirs = next((folder / "lib").glob("python*/site-packages"))
            (theirs / "project.pth").write_text(f"import site; site.addsitedir({ours!r})\n", "utf-8")
        _write_kernel(folder, str(folder / "bin/python") if in_kernel else sys.executable)
        done.touch()
    return Peer(folder, package)


def environment(folder: Path) -> dict[str, str]:
    """The variables for a peer's command: its own kernel, nothing of a user's configuration."""
    if not (folder / "share").exists():
        _write_kernel(folder, sys.executable)
    home = folder / "home"
    home.mkdir(parents=True, exist_ok=True)
    return {
        **os.environ,
        "JUPYTER_PATH": str(folder / "share/jupyter"),
        "JUPYTER_CONFIG_DIR": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "PYTHONWARNINGS": "ignore",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def _write_kernel(folder: Path, python: str) -> None:
    place = folder / "share/jupyter/kernels" / KERNEL
    place.mkdir(parents=True, exist_ok=True)
    argv = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (place / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": KERNEL, "language": "python"}))
