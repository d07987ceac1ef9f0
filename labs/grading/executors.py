"""Who judges: processes on this machine, or the workers of a dask cluster."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable, Iterator
from typing import Protocol

from labs.errors import UserError
from labs.grading.isolation import tiers
from labs.grading.job import Job
from labs.grading.judges.pool import Judged, Pool

__all__ = ["EXTRA", "Executor", "Local", "dask_executor"]

EXTRA = "pip install 'service-patterns-workbook[distributed]'"


class Executor(Protocol):
    """Judges submissions. Close it, and nothing of it goes on."""

    tier: str  # the isolation that every job gets; empty when it is for each machine to say

    def judge(self, jobs: Iterable[Job]) -> Iterator[Judged]:
        """Yield each as it is done, one result for every job; takes the next job only when there is room for it."""
        ...

    def close(self) -> None:
        """End what is being judged, and forget what waits."""
        ...


class Local(Pool):
    """Judges here, so many at once; 0 for as many as there are processors."""

    def __init__(self, jobs: int, isolation: str, *, fork: bool) -> None:
        self.tier = tiers.choose(isolation) if fork else "limits"
        ours = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
        processors = sorted(ours)
        super().__init__(jobs or len(processors), processors)


def dask_executor(scheduler: str, isolation: str) -> Executor:
    """Judges on the workers of this scheduler. Raises UserError when it can't be reached or they are not fit for it."""
    if importlib.util.find_spec("distributed") is None:
        raise UserError(f"--executor dask needs dask.distributed, which is not installed: {EXTRA}.")
    from labs.grading.cluster.client import Cluster

    return Cluster(scheduler, isolation)
