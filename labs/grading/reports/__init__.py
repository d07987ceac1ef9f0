"""What people get to see of a grading: a page and a score for each learner, and for the batch what instructors use.

A new report is a name in files.py, which lists all files with what each is for, and a few lines where it is written:

batch.py        the reports of a batch: a class for each, which is given every result and writes its file at the end
submission.py   the reports of one submission: a function for each, which makes the text out of the result
"""

from labs.grading.reports.batch import write_batch
from labs.grading.reports.files import BATCH_FILES, SUBMISSION_FILES
from labs.grading.reports.submission import write_submission

__all__ = ["BATCH_FILES", "SUBMISSION_FILES", "write_batch", "write_submission"]
