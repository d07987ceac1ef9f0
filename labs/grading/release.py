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
    judged_by.update(pattern.checks_file.read_bytes())
    return judged_by.hexdigest()
