"""Who grades: judges on this machine, or the workers of a dask cluster."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable, Iterator
from typing import Protocol

from labs.errors import UserError
from labs.grading.isolation import tiers
from labs.grading.isolation.sandbox import Tier
from labs.grading.job import Job
from labs.grading.judges.pool import Graded, Pool

__all__ = ["EXTRA", "Executor", "Local", "dask_executor"]

EXTRA = "pip install 'service-patterns-workbook[distributed]'"


class Executor(Protocol):
    """Grades submissions. Close it, and nothing of it goes on."""

    tier: Tier | None  # the isolation that every job gets; None when it is for each machine to say

    def grade(self, jobs: Iterable[Job]) -> Iterator[Graded]:
        """Yield what came of each job as soon as it is done. Takes the next job only when there is room for it."""
        ...

    def close(self) -> None:
        """End what is being graded, and forget what waits."""
        ...


class Local(Pool):
    """Grades on this machine, `jobs` submissions at once; 0 for as many as there are processors."""

    def __init__(self, jobs: int, isolation: str, *, fork: bool) -> None:
        self.tier: Tier | None = tiers.choose(isolation) if fork else Tier.LIMITS
        ours = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
        processors = sorted(ours)
        super().__init__(jobs or len(processors), processors)


def dask_executor(scheduler: str, isolation: str) -> Executor:
    """Grades on the workers of this scheduler. Raises UserError when it can't be reached or they are not fit for it."""
    if importlib.util.find_spec("distributed") is None:
        raise UserError(f"--executor dask needs dask.distributed, which is not installed: {EXTRA}.")
    from labs.grading.cluster.client import Cluster

    return Cluster(scheduler, isolation)
