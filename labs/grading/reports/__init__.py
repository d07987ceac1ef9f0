"""What people get to see of a grading: a page and a score for each learner, and for the batch what instructors use."""

from labs.grading.reports.batch import write_batch
from labs.grading.reports.submission import write_submission

__all__ = ["write_batch", "write_submission"]
