"""The learner's page: what passed, what failed and why, what to do next; or why nothing could be judged."""

from __future__ import annotations

from functools import lru_cache
from pathlib import PurePath

from labs.course.catalog import find_pattern
from labs.course.lesson import Level
from labs.errors import UserError
from labs.grading.reports.feedback_page import feedback_page, whole_page
from labs.grading.reports.standing import WHAT_TO_DO, duration, isolation, notes, standing
from labs.grading.reports.text import one_line
from labs.grading.result import Outcome, Result
from labs.views.looks import icon
from labs.views.markup import count, inline
from labs.views.sections import ExerciseView

__all__ = ["feedback"]


def feedback(result: Result) -> str:
    """The page of one submission: HTML that needs nothing else."""
    if result.outcome is not Outcome.JUDGED or result.report is None:
        return _not_judged(result)
    return feedback_page(
        result.report,
        _exercises(result),
        title=result.report.title,
        lines=notes(result),
        eyebrow=one_line(result.learner),
        facts=_facts(result),
    )


def _not_judged(result: Result) -> str:
    status, label = standing(result)
    title = _lab_title(result.lab) or "Your submission"
    steps = "".join(f"<li>{inline(line)}</li>" for line in WHAT_TO_DO.get(result.outcome, WHAT_TO_DO[Outcome.FAILED]))
    whose = " · ".join(filter(None, (one_line(result.learner), _file(result.source))))
    sentence = result.sentence or "Nothing could be judged."
    head = (
        f'<div class="lab-panel lp-summary"><div class="lp-head"><div>'
        f'<div class="lp-eyebrow">{inline(whose)}</div>'
        f'<h1 class="lp-title">{inline(title)}</h1></div>'
        f'<div class="lp-state lp-{status.name.lower()}">{icon(status)}{label}</div></div>'
        f'<div class="lp-trouble lp-{status.name.lower()}">{icon(status)}<p>{inline(sentence, 1_000)}</p></div></div>'
    )
    items = "".join(f"<li>{inline(line, 1_000)}</li>" for line in notes(result))
    said = f'<h2>Notes</h2><div class="lab-panel lp-box"><ul>{items}</ul></div>' if items else ""
    todo = f'<h2>What to do</h2><div class="lab-panel lp-box"><ul>{steps}</ul></div>'
    return whole_page(title, f"{head}{todo}{said}")


def _exercises(result: Result) -> list[ExerciseView]:
    """The lab's exercises, each with as many hints as the result does not say are taken."""
    known = {name: (title, level, hints) for name, title, level, hints in _described(result.lab)}
    for verdict in result.report.verdicts if result.report else ():  # those of another release have only their name
        known.setdefault(verdict.exercise, (verdict.exercise or "Checks", verdict.level, 0))
    return [
        ExerciseView(name, title, level, ("",) * min(result.hints.get(name, 0), hints), hints)
        for name, (title, level, hints) in known.items()
    ]


@lru_cache(maxsize=64)
def _described(lab: str) -> tuple[tuple[str, str, Level, int], ...]:
    """Name, title, level and number of hints of a lab's exercises; none when this release does not have it."""
    try:
        return tuple((item.name, item.title, item.level, len(item.hints)) for item in find_pattern(lab).exercises)
    except UserError:
        return ()


@lru_cache(maxsize=64)
def _lab_title(lab: str) -> str:
    try:
        return find_pattern(lab).title if lab else ""
    except UserError:
        return ""


def _facts(result: Result) -> list[tuple[str, str]]:
    facts = [("File", _file(result.source)), ("Isolation", isolation(result.isolation))]
    facts += [("Time", duration(result.seconds))] if result.seconds else []
    facts += [("Crashed", count(result.died, "time"))] if result.died else []
    facts += [("Out of time", count(result.timed_out, "time"))] if result.timed_out else []
    facts += [("Release", result.release[:12])] if result.release else []
    return [(name, text) for name, text in facts if text]


def _file(source: str) -> str:
    """The file's own name, without the folders that it was in on the grader's machine."""
    archive, bang, member = one_line(source, 400).rpartition("!")
    return f"{PurePath(archive).name} · {member}" if bang else PurePath(member).name
