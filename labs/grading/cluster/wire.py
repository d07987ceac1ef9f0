"""What goes between client, worker and judge, as plain data; and what says that they are of one release."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from dataclasses import asdict
from typing import Any

from labs import __version__
from labs.course import catalog
from labs.errors import UserError
from labs.grading.isolation.limits import Limits
from labs.grading.job import Job
from labs.grading.judges.pool import Judged
from labs.grading.release import release_of
from labs.grading.result import Result

__all__ = ["identity", "job_from_text", "job_to_text", "judged_from_text", "judged_to_text"]


def job_to_text(job: Job) -> str:
    """One line of JSON."""
    return json.dumps({**asdict(job), "content": base64.b64encode(job.content).decode("ascii")})


def job_from_text(text: str | bytes, **changes: Any) -> Job:
    """The opposite, with some fields replaced."""
    data = {**json.loads(text), **changes}
    return Job(**{**data, "content": base64.b64decode(data["content"]), "limits": Limits(**data["limits"])})


def judged_to_text(judged: Judged) -> str:
    """One line of JSON."""
    return json.dumps({"result": judged.result.to_dict(), "executed": judged.executed})


def judged_from_text(text: str | bytes) -> Judged:
    """The opposite. Raises ValueError, KeyError or TypeError when it is none."""
    data = json.loads(text)
    return Judged(Result.from_dict(data["result"]), str(data["executed"]))


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
