"""grades.csv in the columns of `nbgrader export`, for gradebooks and spreadsheets."""

from __future__ import annotations

import csv
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from labs.grading.reports.files import replacing
from labs.grading.reports.text import cell
from labs.grading.result import Outcome, Result

__all__ = ["COLUMNS", "Gradebook"]

COLUMNS = (
    "assignment",
    "duedate",
    "timestamp",
    "student_id",
    "last_name",
    "first_name",
    "email",
    "raw_score",
    "late_submission_penalty",
    "score",
    "max_score",
)


class Gradebook:
    """grades.csv, a row for each submission; complete when the stack closes.

    Text is quoted, also where a comma would not ask for it: a spreadsheet that separates columns by semicolons must
    not find one in a name. What the grader itself could not judge has no score, which is not the same as 0. Due
    dates, names and e-mail addresses are not the grader's to know: those columns are empty.
    """

    def __init__(self, path: Path, stack: ExitStack) -> None:
        file = stack.enter_context(replacing(path))
        csv.writer(file, lineterminator="\n").writerow(COLUMNS)
        self._rows = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")

    def add(self, result: Result) -> None:
        """Write one submission's row; none for one that its learner has replaced by a later one."""
        if result.superseded:
            return
        score = "" if result.outcome is Outcome.FAILED else float(result.score)
        most = float(result.points) if result.points else ""
        penalty = "" if score == "" else 0.0
        student = cell(result.learner or result.submission)
        self._rows.writerow(
            [cell(result.lab), "", _time(result.modified), student, "", "", "", score, penalty, score, most]
        )


def _time(seconds: float) -> str:
    """The time as nbgrader writes it: in UTC, without the name of the zone."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}" if seconds else ""
    except (OverflowError, ValueError, OSError):  # a file may bear any date
        return ""
