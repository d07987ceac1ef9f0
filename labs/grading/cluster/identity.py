"""The identity of a release, by which a client finds out whether workers judge exactly as it would itself."""

from __future__ import annotations

import functools
import hashlib

from labs import __version__
from labs.course import catalog
from labs.errors import UserError
from labs.grading.release import release_of

__all__ = ["identity"]


@functools.cache
def identity() -> tuple[str, str]:
    """The version of labs, and a digest of all that decides on scores: its code, its lessons, checks and notebooks."""
    whole = hashlib.sha256()
    package = catalog.PACKAGE
    inside = package / "patterns"
    for file in sorted(package.rglob("*.py")):
        if not file.is_relative_to(inside):
            whole.update(f"{file.relative_to(package).as_posix()}\0".encode() + file.read_bytes() + b"\0")
    for pattern in sorted(catalog.find_patterns(without=()), key=lambda pattern: pattern.name):
        whole.update(f"{pattern.name}\0".encode())
        try:
            whole.update(release_of(pattern).encode() + (catalog.NOTEBOOKS / pattern.notebook_name).read_bytes())
        except (UserError, OSError):  # a lab in the making: nobody can be judged by it
            whole.update(b"?")
    return __version__, whole.hexdigest()[:12]
