"""What a client, a dask worker and the worker's child say to each other, as `labs.service.messages` writes it.

The child says Hello first, then answers each Task with Graded. The client makes the Task and reads Graded, too; the
worker hands both on as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

from labs.grading.isolation.sandbox import Tier
from labs.grading.job import Job
from labs.grading.judges.pool import Graded

__all__ = ["Graded", "Hello", "Task"]


@dataclass(frozen=True, slots=True)
class Hello:
    """What a worker is fit for."""

    version: str  # of labs
    release: str  # the digest that `identity` gives
    tier: Tier  # the strictest isolation on this machine
    unfit: str  # a sentence that says why nothing may be graded here; empty when it may
    problem: str  # a sentence that says why there are no namespaces; empty when there are


@dataclass(frozen=True, slots=True)
class Task:
    """Grade one submission."""

    job: Job  # the child puts its own tier and its own course there
    isolation: str  # "require", "best" or "none"
