"""The words that every report uses for the state of a submission."""

from __future__ import annotations

from labs.grading.isolation.sandbox import TITLES
from labs.grading.reports.text import one_line
from labs.grading.result import Outcome, Result
from labs.judge.verdict import Status, Verdict
from labs.views.markup import count
from labs.views.panel import state

__all__ = ["WHAT_TO_DO", "duration", "isolation", "notes", "standing", "verdict_sentence"]

NOTES = 50

WHAT_TO_DO = {
    Outcome.REJECTED: (
        "Check that the file is the lab's notebook, `.ipynb`: not a link to it, no PDF, no export.",
        "Open it in JupyterLab. If it opens, save it and hand it in again.",
        "If it does not open, paste your exercises into a fresh copy of the lab's notebook and hand that in.",
    ),
    Outcome.FAILED: (
        "You have nothing to do: the grader went wrong, not your notebook. It will be graded again.",
        "If this stays, tell your instructor what is said above.",
    ),
}


def standing(result: Result) -> tuple[Status, str]:
    """The status whose look a submission gets, and a word or two."""
    if result.outcome is Outcome.REJECTED:
        return Status.BROKEN, "Rejected"
    if result.outcome is Outcome.FAILED or result.report is None:
        return Status.BROKEN, "Grader failed"
    return state(result.report)


def notes(result: Result) -> list[str]:
    """What the learner is told beside the verdicts, bounded."""
    replaced = f"You handed in this lab again later: that one counts (`{one_line(result.superseded)}`), not this one."
    more = len(result.notes) - NOTES
    lines = [replaced] if result.superseded else []
    lines += result.notes[:NOTES]
    return [*lines, f"… and {count(more, 'more note')}."] if more > 0 else lines


def isolation(tier: str | None) -> str:
    """What kept the learner's code from everything else, by the tier that was in force."""
    return TITLES.get(tier, tier) if tier else "not recorded"


def verdict_sentence(verdict: Verdict) -> str:
    """Why a check gave no points, in a sentence; empty where the check's evidence says it."""
    match verdict.status:
        case Status.PASSED:
            return ""
        case Status.NOT_STARTED:
            function = verdict.unfinished or "the exercise"
            return f"Not started: {function} still raises NotImplementedError."
        case Status.WAITING:
            return f"Not judged: it builds on “{verdict.waits_for}”, which has not passed."
        case Status.BROKEN:
            return "This check itself went wrong: our mistake, not yours. Your service was not judged by it."
        case Status.FAILED:
            return ""
        case _:
            return "Not judged: the run ended before this check."


def duration(seconds: float) -> str:
    """A time for people: `840 ms`, `2.4 s`, `3 min 20 s`."""
    if seconds < 1:
        return f"{max(0, round(seconds * 1000))} ms"
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"
