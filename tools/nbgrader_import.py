"""Put the scores of `labs grade` into nbgrader's gradebook: one assignment for each lab, one grade cell for each check.

    python tools/nbgrader_import.py graded/results.jsonl --db sqlite:///gradebook.db

Run it with the Python that has nbgrader; nothing of this workbook is needed there. It may run again after a second
grading: automatic scores are replaced, scores that somebody gave by hand stay. docs/gradebooks.md says more.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime, timezone
from typing import Any

from nbgrader.api import Grade, Gradebook


def main() -> None:
    """Read the command line, write the gradebook, say what was done."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("results", help="results.jsonl of a grading")
    parser.add_argument("--db", default="sqlite:///gradebook.db", help="nbgrader's database (default: %(default)s)")
    parser.add_argument("--create", action="store_true", help="add learners whom the gradebook does not know")
    options = parser.parse_args()
    graded, left_out = 0, []
    with Gradebook(options.db) as gradebook, open(options.results, encoding="utf-8") as lines:
        known = {student.id for student in gradebook.students}
        cells: dict[str, dict[str, str]] = {}  # lab -> check -> its grade cell's id
        for line in lines:
            result = json.loads(line)
            learner, lab, report = result["learner"], result["lab"], result["report"]
            if report is None:
                left_out.append(f"{learner}: not judged: {result['sentence']}")
            elif result.get("superseded"):
                left_out.append(f"{learner}: handed in {lab} again later, and that one counts")
            elif learner not in known and not options.create:
                left_out.append(f"{learner}: the gradebook has no such student; --create adds them")
            else:
                if learner not in known:
                    gradebook.add_student(learner)
                    known.add(learner)
                missing = [item for item in report["verdicts"] if item["check"] not in cells.get(lab, {})]
                if missing:
                    cells.setdefault(lab, {}).update(prepare(gradebook, lab, missing))
                record(gradebook, cells[lab], learner, lab, result)
                graded += 1
    for sentence in left_out:
        print(sentence, file=sys.stderr)
    print(f"In the gradebook: {graded}. Left out: {len(left_out)}.")


def prepare(gradebook: Gradebook, lab: str, verdicts: list[dict[str, Any]]) -> dict[str, str]:
    """Make the lab's assignment, its notebook and a grade cell for each check; the cells' ids by check."""
    gradebook.update_or_create_assignment(lab)
    gradebook.update_or_create_notebook(lab, lab)
    ids = {}
    for verdict in verdicts:
        cell = gradebook.update_or_create_grade_cell(
            verdict["check"], lab, lab, max_score=float(verdict["points"]), cell_type="code"
        )
        ids[verdict["check"]] = cell.id
    return ids


def record(gradebook: Gradebook, cells: dict[str, str], learner: str, lab: str, result: dict[str, Any]) -> None:
    """Write one submission's scores."""
    modified = result.get("modified") or 0
    timestamp = datetime.fromtimestamp(modified, timezone.utc) if modified else None
    with gradebook.db.no_autoflush:  # else SQLAlchemy 2 warns about what nbgrader does inside
        submission = gradebook.update_or_create_submission(lab, learner, timestamp=timestamp)
    notebook = next(notebook for notebook in submission.notebooks if notebook.name == lab)
    grades = {grade.cell_id: grade for grade in notebook.grades}
    for verdict in result["report"]["verdicts"]:
        cell = cells[verdict["check"]]
        if cell not in grades:  # a check that the lab did not have when this learner was graded before
            grades[cell] = Grade(cell_id=cell, notebook=notebook)
        grades[cell].auto_score = float(verdict["points"]) if verdict["status"] == "passed" else 0.0
        grades[cell].needs_manual_grade = False
    gradebook.db.commit()


if __name__ == "__main__":
    main()
