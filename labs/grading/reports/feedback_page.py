"""The grader's feedback page: one HTML file that needs nothing else, made of the panel's parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labs.judge.verdict import Report, Status
from labs.views.looks import icon
from labs.views.markup import count, escape, inline, style
from labs.views.page import Page
from labs.views.panel import problem, state
from labs.views.sections import ExerciseView, Setting, bar, group, section

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["feedback_page", "whole_page"]


def feedback_page(
    report: Report,
    exercises: Sequence[ExerciseView],
    *,
    title: str,
    lines: Sequence[str],
    eyebrow: str = "",
    facts: Sequence[tuple[str, str]] = (),
) -> str:
    """A page that says what passed, what failed and why, and what to do next.

    `eyebrow` stands above the title: whose page this is. `lines` are the grader's notes, such as that an exercise was
    not attempted; only `code` is markup in them. `facts` say in pairs how it was judged. The page has no script and
    loads nothing, which its content security policy enforces.
    """
    body = f"{_head(report, title, eyebrow)}{_notes(lines)}{_checks(report, exercises)}{_reading(report)}"
    return whole_page(title, f"{body}{_hints(report, exercises)}{_how_judged(facts)}{_again(report)}")


def whole_page(title: str, body: str) -> str:
    """A page of this look around any content."""
    page = Page(title, f"{style()}\n{style('feedback.css')}")
    return f"{page.head}{body}{page.tail}"


def _how_judged(facts: Sequence[tuple[str, str]]) -> str:
    """The section that says under which conditions the submission was judged: pairs of a name and a text."""
    items = "".join(f"<div><dt>{escape(name)}</dt><dd>{inline(text)}</dd></div>" for name, text in facts)
    return f'<h2>How it was judged</h2><div class="lab-panel lp-box"><dl>{items}</dl></div>' if items else ""


def _head(report: Report, title: str, eyebrow: str) -> str:
    status, label = state(report)
    above = f'<div class="lp-eyebrow">{inline(eyebrow, 200)}</div>' if eyebrow else ""
    score = f'<p class="lp-score"><b>{report.score}</b> of {count(report.points, "point")}</p>'
    return (
        f'<div class="lab-panel lp-summary"><div class="lp-head">'
        f'<div>{above}<h1 class="lp-title">{inline(title)}</h1></div>'
        f'<div class="lp-state lp-{status.name.lower()}">{icon(status)}{label}</div>'
        f"{score + bar(report, ' checks') if report.verdicts else ''}</div>{problem(report)}</div>"
    )


def _notes(lines: Sequence[str]) -> str:
    items = "".join(f"<li>{inline(line, 1_000)}</li>" for line in lines)
    return f'<h2>Notes</h2><div class="lab-panel lp-box"><ul>{items}</ul></div>' if items else ""


def _checks(report: Report, exercises: Sequence[ExerciseView]) -> str:
    failed = frozenset(v.check for v in report.verdicts if v.status in (Status.FAILED, Status.BROKEN))
    setting = Setting(times=False, opened=failed, notebook=False)
    sections = "".join(section(part, setting) for part in group(report, exercises))
    return f'<h2>Checks</h2><div class="lab-panel">{sections}</div>' if sections else ""


def _reading(report: Report) -> str:
    """The lesson's headings behind the failed checks, each once."""
    wanted = dict.fromkeys(v.read for v in report.verdicts if v.read and v.status is Status.FAILED)
    items = "".join(f"<li>{inline(heading)}</li>" for heading in wanted)
    return f'<h2>Read again in the lesson</h2><div class="lab-panel lp-box"><ul>{items}</ul></div>' if items else ""


def _hints(report: Report, exercises: Sequence[ExerciseView]) -> str:
    """The section with the hints that were not taken yet, for exercises whose checks have not all passed."""
    items = []
    for part in group(report, exercises):
        left = part.exercise.hints_total - len(part.exercise.hints)
        if left > 0 and part.passed < len(part.verdicts):
            call = f"<code>lab.hint(&quot;{escape(part.exercise.name)}&quot;)</code>"
            items.append(f"<li>{inline(part.exercise.title)}: {count(left, 'hint')} left, {call}</li>")
    boxed = f'<div class="lab-panel lp-box"><ul>{"".join(items)}</ul></div>'
    return f"<h2>Hints not used yet</h2>{boxed}" if items else ""


def _again(report: Report) -> str:
    """The command that gives the same verdict on the learner's own machine."""
    if not report.seed:
        return ""
    call = f"labs check {report.lab} --app module:factory --seed {report.seed}"
    return f'<p class="lp-again">The same facts again, with your own module: <code>{escape(call)}</code></p>'
