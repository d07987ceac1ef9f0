"""Starts JupyterLab on the workbook: `labs start`, and so `make lab`."""

import errno
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from labs.course.catalog import find_patterns, left_out
from labs.errors import UserError

__all__ = ["START_HERE", "start"]

START_HERE = "notebooks/00_start_here.ipynb"

# Jupyter's own list, which setting the option replaces.
_ALWAYS_HIDDEN = ["__pycache__", "*.pyc", "*.pyo", ".DS_Store", "*~"]
CLONE = Path(__file__).resolve().parents[2]
SETTINGS = CLONE / "etc" / "jupyter"
WORKSPACES = CLONE / ".jupyter" / "workspaces"


def start(
    port: int = 8888,
    open_browser: bool = True,
    notebook: str = START_HERE,
    extra: Sequence[str] = (),
) -> int:
    """Run JupyterLab on a notebook of this clone until it is stopped, and return its exit code.

    Only this machine can reach it, and only with the token in the link that it prints.

    Args:
        port: Where it listens. A port that is taken is refused, rather than quietly replaced by the next.
        open_browser: Whether to open the link as well as print it.
        notebook: The notebook to open, relative to the clone.
        extra: Further options for `jupyter lab`. What is set here can't be given again: it takes no option twice.

    Raises:
        UserError: The port can't be used, or the notebook is not there.
    """
    _require_free(port)
    if not (CLONE / notebook).is_file():
        raise UserError(f"{notebook} is not in {CLONE}: bring it back with `git checkout -- {notebook}`.")

    # Found before the user's and the environment's own settings, which stay as they are.
    paths = [str(SETTINGS), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, paths))

    # Imported here because it takes half a second, which no other command should pay.
    from jupyterlab.labapp import LabApp

    arguments = [
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={CLONE}",
        f"--LabApp.default_url=/lab/tree/{quote(notebook)}",
        # The open tabs of this clone, not those of whatever the same person last did in another JupyterLab.
        f"--LabApp.workspaces_dir={WORKSPACES}",
    ]
    if hidden := _hidden_notebooks():
        arguments.append(f"--ContentsManager.hide_globs={[*_ALWAYS_HIDDEN, *hidden]!r}")
    if not open_browser:
        arguments.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--allow-root")  # containers are often root, and Jupyter refuses it otherwise
    try:
        LabApp.launch_instance([*arguments, *extra])
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return 0


def _hidden_notebooks() -> list[str]:
    """The notebooks of labs that this course leaves out."""
    if not left_out():
        return []
    kept = {pattern.notebook_name for pattern in find_patterns()}
    return sorted(pattern.notebook_name for pattern in find_patterns(without=()) if pattern.notebook_name not in kept)


def _require_free(port: int) -> None:
    """Raise UserError unless a server can listen on this port of the loopback interface."""
    if not 0 < port < 2**16:
        raise UserError(f"{port} is not a port: choose one between 1024 and 65535, as in make lab PORT=8899.")
    other = port + 1 if port < 2**16 - 1 else port - 1
    try:
        # Tried as a client, too: on macOS, binding succeeds next to a server that listens on all addresses.
        with socket.create_connection(("127.0.0.1", port), timeout=1) as client:
            taken = client.getsockname() != client.getpeername()  # equal: it met itself, there is no server
    except OSError:
        taken = False
    with socket.socket() as probe:
        if os.name != "nt":  # as Jupyter does: a port that was closed a moment ago counts as free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno == errno.EACCES:
                raise UserError(
                    f"Port {port} needs administrator rights: choose another, as in make lab PORT=8899."
                ) from None
            taken = True
    if taken:
        raise UserError(
            f"Port {port} is taken, perhaps by a workbook that is already open: "
            f"close that one or choose another port with make lab PORT={other}."
        )
