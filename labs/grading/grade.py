"""Grade one notebook: execute it with papermill, judge its service from this process, write what came of it."""

from __future__ import annotations

import json
import os
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import papermill
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError

from labs.course import Pattern
from labs.errors import UserError
from labs.grading.kernel_host import KernelHost
from labs.grading.submission import exercise_of, read_submission
from labs.judge.engine import list_checks, run_checks
from labs.judge.verdict import Report, Status
from labs.notebook.feedback import feedback_page
from labs.notebook.panel import ExerciseView

__all__ = ["Grade", "grade"]


@dataclass(slots=True)
class Grade:
    """What a submission is worth, and why."""

    pattern: Pattern
    report: Report
    notes: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """One line for a terminal."""
        passed, total = self.report.count(Status.PASSED), len(self.report.verdicts)
        line = f"{self.report.title}: {self.report.score} of {self.report.points} points, {passed} of {total} checks"
        return "\n".join([line, *self.notes])

    def write(self, out: Path) -> None:
        """Write score.json and feedback.html into a folder."""
        score = {
            "lab": self.pattern.name,
            "score": self.report.score,
            "points": self.report.points,
            "notes": self.notes,
            "report": self.report.to_dict(),
        }
        (out / "score.json").write_text(
            json.dumps(score, indent=1, ensure_ascii=False) + "\n", "utf-8", "surrogateescape"
        )
        views = [
            ExerciseView(exercise.name, exercise.title, exercise.level, (), len(exercise.hints), exercise.heading)
            for exercise in self.pattern.exercises
        ]
        page = feedback_page(self.report, views, title=self.report.title, lines=self.notes)
        (out / "feedback.html").write_text(page, "utf-8", "replace")


def grade(notebook: Path, out: Path, *, cell_timeout: float = 120.0) -> Grade:
    """Grade one notebook into a folder: score.json, executed.ipynb and feedback.html.

    The learner's code runs in a kernel of its own; checks, score and solutions are in this process, which sees only
    what the service sends. A cell that fails or takes longer than `cell_timeout` seconds does not end the grading.
    """
    submission = read_submission(notebook)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"The results can't be written to {out}: {error.strerror}.") from None
    result = Grade(submission.pattern, list_checks(submission.pattern), submission.notes)

    def judge(execute) -> None:
        result.report = run_checks(submission.pattern, KernelHost(execute))

    def timed_out(cell: NotebookNode) -> None:
        result.notes.append(f"{_name(cell)} took longer than {cell_timeout:g} s and was interrupted.")

    with tempfile.TemporaryDirectory(prefix="labs-grade-") as folder:
        prepared = Path(folder) / notebook.name
        nbformat.write(submission.notebook, prepared)
        try:
            papermill.execute_notebook(
                str(prepared),
                str(out / "executed.ipynb"),
                engine_name="labs",
                judge=judge,
                timed_out=timed_out,
                # What a submission passes is not the progress of whoever grades it.
                kernel_env={**os.environ, "LABS_PROGRESS": str(Path(folder) / "progress.json")},
                kernel_name="python3",
                execution_timeout=int(cell_timeout),
                interrupt_on_timeout=True,
                iopub_timeout=60,  # on a busy machine output may come late; it always comes
                progress_bar=False,
                allow_errors=True,
                cwd=folder,
            )
        except PapermillExecutionError:
            pass  # some cell failed; the rest was executed all the same
        except Exception as error:  # papermill's and nbclient's own: dead kernel, time-out
            sentence = f"The notebook did not run to its end: {type(error).__name__}: {str(error).splitlines()[0]}"
            result.notes.append(sentence)
    result.notes += _failed_exercises(out / "executed.ipynb")
    if result.report.problem:
        result.notes.append(result.report.problem)
    result.write(out)
    return result


def _failed_exercises(executed: Path) -> list[str]:
    """One sentence for each exercise whose cell raised."""
    try:
        cells = nbformat.read(executed, as_version=4).cells
    except (OSError, ValueError):  # the kernel died before anything was written
        return []
    notes = []
    for cell in cells:
        for output in cell.get("outputs", []):
            if exercise_of(cell) and output.output_type == "error" and output.ename != "KeyboardInterrupt":
                said = re.sub(r"\(\d+\.py, line", "(line", " ".join(output.evalue.split())[:200])  # IPython's file name
                notes.append(f"{_name(cell)} ended with {output.ename}: {said}.")
    return notes


def _name(cell: NotebookNode) -> str:
    exercise = exercise_of(cell)
    return f"The cell of exercise {exercise}" if exercise else "A cell"
