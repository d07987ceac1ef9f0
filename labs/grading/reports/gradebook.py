"""grades.csv in the columns of `nbgrader export`, for gradebooks and spreadsheets."""

from __future__ import annotations

import csv
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from labs.grading.reports.files import replacing
from labs.grading.reports.text import cell
from labs.grading.result import Outcome, Result
from labs.grading.roster import Person, Roster

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
    dates are not the grader's to know; names and e-mail addresses are the roster's, and empty without one.
    """

    def __init__(self, path: Path, stack: ExitStack, roster: Roster | None = None) -> None:
        self._roster = roster
        self._labs: dict[str, float] = {}  # those of the batch, with their points
        self._present: dict[str, set[str]] = {}  # by lab: the learners who handed it in
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
        learner = result.learner or result.submission
        if result.lab and self._roster is not None:  # else nobody asks, and thousands of names need not be kept
            self._labs[result.lab] = max(self._labs.get(result.lab, 0.0), float(result.points))
            self._present.setdefault(result.lab, set()).add(learner)
        person = self._roster.find(learner) if self._roster is not None else None
        known = _columns(person) if person is not None else [cell(learner), "", "", ""]
        self._rows.writerow([cell(result.lab), "", _time(result.modified), *known, score, penalty, score, most])

    def finish(self) -> None:
        """Write a row with 0 points, and without a time, for each person of the roster and lab not handed in."""
        for lab, most in self._labs.items() if self._roster is not None else ():
            for person in self._roster.absent(self._present.get(lab, ())) if self._roster is not None else ():
                self._rows.writerow([cell(lab), "", "", *_columns(person), 0.0, 0.0, 0.0, most or ""])


def _columns(person: Person) -> list[str]:
    """Student number, last name, first name and e-mail address; a name in one piece stands for the last name."""
    last = person.last_name or ("" if person.first_name else person.name)
    return [cell(text) for text in (person.student_id, last, person.first_name, person.email)]


def _time(seconds: float) -> str:
    """The time as nbgrader writes it: in UTC, without the name of the zone."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}" if seconds else ""
    except (OverflowError, ValueError, OSError):  # a file may bear any date
        return ""
