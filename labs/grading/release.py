"""What a score depends on besides the submission."""

from __future__ import annotations

import functools
import hashlib

from labs import __version__
from labs.course.catalog import Pattern

__all__ = ["release_of"]


@functools.cache
def release_of(pattern: Pattern) -> str:
    """A digest of all that decides on a score: the lesson, the checks and the version of the judge."""
    judged_by = hashlib.sha256(__version__.encode())
    judged_by.update(pattern.lesson.digest.encode())
    for file in pattern.checks_sources:
        judged_by.update(f"{file.name}\0".encode() + file.read_bytes() + b"\0")
    return judged_by.hexdigest()
