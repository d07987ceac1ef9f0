"""A temporary folder for UNIX sockets, whose paths may not be long."""

from __future__ import annotations

import os
import tempfile

from labs.errors import UserError

__all__ = ["socket_folder"]

MAX_FOLDER = 85  # bytes of the folder's path: Linux takes 107 for a socket, and Python adds a name


def socket_folder() -> str:
    """Make the folder. Raises UserError where the sockets in it would have longer paths than the system takes."""
    place = tempfile.gettempdir()
    folder = f"labs-fork-{os.getpid()}-"
    if len(os.fsencode(place)) + len(f"/{folder}12345678") > MAX_FOLDER:
        raise UserError(f"{place} is too long a path for temporary files: set TMPDIR to a shorter one, such as /tmp.")
    return tempfile.mkdtemp(prefix=folder)
