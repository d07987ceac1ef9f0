"""What a judge is told: one submission and how to judge it."""

from __future__ import annotations

from dataclasses import dataclass, field

from labs.grading.isolation.limits import Limits
from labs.grading.isolation.sandbox import Tier
from labs.grading.result import Result

__all__ = ["Job"]


@dataclass(frozen=True, slots=True)
class Job:
    """One submission and how to judge it. Part of a message to a judge, or to a worker on another machine."""

    submission: str
    learner: str
    source: str
    content: bytes
    digest: str  # of the content
    modified: float = 0.0  # seconds since 1970: when it was handed in
    attempt: int = 0  # as the learning platform counts; 0 where it does not
    late: bool = False  # as the learning platform says
    tier: Tier = Tier.LIMITS
    fork: bool = True  # False: papermill's own way to start a kernel, without isolation
    cell_timeout: int = 30  # seconds for one cell
    time_limit: float = 240.0  # seconds for all of it; what could not be judged by then has failed
    limits: Limits = field(default_factory=Limits)
    lab: str = ""  # the only lab that will do; empty for any
    patterns: str = ""  # the folder of the labs, when it is not this course's
    notebooks: str = ""  # the folder of their built notebooks, when it is not this course's

    @property
    def isolation(self) -> Tier:
        """The tier that is in force: a kernel that papermill starts its own way is kept apart by nothing."""
        return self.tier if self.fork else Tier.LIMITS

    def result(self) -> Result:
        """The result of this job while nothing is judged."""
        return Result(
            self.submission,
            self.learner,
            self.source,
            content=self.digest,
            modified=self.modified,
            attempt=self.attempt,
            late=self.late,
            isolation=self.isolation,
        )
