"""The checks of one exercise as HTML: what the panel and the feedback page are put together from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from labs.judge.verdict import Report, Status, Verdict
from labs.notebook import transcript
from labs.notebook.difference import difference
from labs.notebook.looks import icon, word
from labs.notebook.markup import anchor, clip, escape, inline, markdown, plain

__all__ = ["ExerciseView", "Group", "bar", "group", "reason", "section"]


@dataclass(frozen=True, slots=True)
class ExerciseView:
    """What the panel knows of an exercise: its place in the lesson and the help the learner has taken."""

    name: str  # as in `lab.check("name")`
    title: str
    level: str  # easy, medium, hard or expert
    hints: tuple[str, ...] = ()  # Markdown, only those taken so far
    hints_total: int = 0
    heading: str = ""  # the lesson's heading above its cell, when it is to be linked


@dataclass(frozen=True, slots=True)
class Group:
    """An exercise with its verdicts."""

    exercise: ExerciseView
    verdicts: tuple[Verdict, ...]

    @property
    def passed(self) -> int:
        """How many of its checks pass."""
        return sum(verdict.status is Status.PASSED for verdict in self.verdicts)


def group(report: Report, exercises: Sequence[ExerciseView]) -> list[Group]:
    """The verdicts by exercise, in the lesson's order; those of an exercise nobody described come last."""
    known = {exercise.name: exercise for exercise in exercises}
    for verdict in report.verdicts:
        unknown = ExerciseView(verdict.exercise, verdict.exercise or "Checks", verdict.level)
        known.setdefault(verdict.exercise, unknown)
    found = ((view, tuple(v for v in report.verdicts if v.exercise == name)) for name, view in known.items())
    return [Group(view, verdicts) for view, verdicts in found if verdicts]


def bar(report: Report) -> str:
    """The progress bar, a segment for each check, with the count in words."""
    done, total = report.count(Status.PASSED), len(report.verdicts)
    segments = "".join(f'<i class="lp-{verdict.status.name.lower()}"></i>' for verdict in report.verdicts)
    return (
        f'<div class="lp-meter"><div class="lp-bar" role="progressbar" aria-label="Checks passing"'
        f' aria-valuemin="0" aria-valuemax="{total}" aria-valuenow="{done}"'
        f' aria-valuetext="{done} of {total} checks pass">{segments}</div>'
        f'<span class="lp-count">{done} of {total}</span></div>'
    )


def reason(verdict: Verdict) -> str:
    """Why a check failed, in one short line of text for a row that is folded."""
    problems = (exchange.problem for exchange in reversed(verdict.exchanges) if exchange.problem)
    text = plain(verdict.cause) or next(problems, "")
    if not text and verdict.expected:
        text = f"expected {_first_line(verdict.expected)}, got {_first_line(verdict.got) or 'nothing'}"
    line, left = clip(" ".join(text.split()), 140)
    return line + ("…" if left else "")


def _first_line(text: str) -> str:
    return clip(clip(text, 200)[0].strip().partition("\n")[0], 60)[0]


def section(part: Group, *, times: bool, opened: frozenset[str], inviting: bool, links: bool = True) -> str:
    """One exercise: heading, what to do when it is not started, and its checks.

    `opened` names the checks whose evidence is unfolded, `inviting` marks the exercise to begin with, and
    `links` says whether the lesson's headings are on the same page.
    """
    exercise, failed = part.exercise, [v for v in part.verdicts if v.status is Status.FAILED]
    rows = []
    for verdict in part.verdicts:
        help_ = _help(exercise) if failed and verdict is failed[0] else ""
        rows.append(_row(verdict, help_, times=times, opened=verdict.check in opened, links=links))
    return (
        f'<div class="lp-exercise"><div class="lp-exercise-head">'
        f'<div class="lp-exercise-title" role="heading" aria-level="4">{inline(exercise.title)}</div>'
        f'<span class="lp-level">{escape(exercise.level)}</span>'
        f'<span class="lp-count">{part.passed} of {len(part.verdicts)}</span></div>'
        f"{'' if failed else _invitation(part, inviting, links)}"
        f'<ol class="lp-list">{"".join(rows)}</ol></div>'
    )


def _invitation(part: Group, inviting: bool, links: bool) -> str:
    """What to write and where, for an exercise that is not started; with an offer of help where to begin."""
    waiting = [verdict for verdict in part.verdicts if verdict.status is Status.NOT_STARTED]
    if not waiting:
        return ""
    names = list(dict.fromkeys(verdict.unfinished for verdict in waiting if verdict.unfinished))
    functions = " and ".join(f"<code>{escape(name)}</code>" for name in names)
    title = inline(part.exercise.title)
    if links and part.exercise.heading:
        title = f'<a href="{escape(anchor(part.exercise.heading))}">{title}</a>'
    todo = f"Go to the cell of “{title}”."
    if names:
        verb = "raise" if len(names) > 1 else "raises"
        todo = (
            f"Write {functions} in the cell of “{title}”: it still {verb} <code>NotImplementedError</code>."
        )
    if not inviting:
        return f'<div class="lp-invite"><p>{todo}</p></div>'
    return f'<div class="lp-invite lp-here"><p><b>Start here.</b> {todo}</p>{_help(part.exercise)}</div>'


def _help(exercise: ExerciseView) -> str:
    """The hints taken, folded, and how to get the next one."""
    taken = len(exercise.hints)
    hints = "".join(
        f'<details class="lp-hint"><summary>Hint {number}</summary>'
        f'<div class="lp-prose">{markdown(hint)}</div></details>'
        for number, hint in enumerate(exercise.hints, 1)
    )
    hints = f'<div class="lp-hints">{hints}</div>' if hints else ""
    call = f"<code>lab.hint(&quot;{escape(exercise.name)}&quot;)</code>"
    more = f'<p class="lp-stuck">Stuck? {call} shows hint {taken + 1} of {exercise.hints_total}.</p>'
    return hints + (more if taken < exercise.hints_total else "")


def _row(verdict: Verdict, help_: str, *, times: bool, opened: bool, links: bool) -> str:
    """A check: icon, title and word; with its evidence folded below when it failed or broke."""
    state, timing, after = word(verdict, times).partition(" in ")
    tag = f"{escape(state)}{f'<span class=lp-time>{timing}{after}</span>' if timing else ''}"
    note = ""
    if verdict.status is Status.WAITING and verdict.waits_for:
        note = f'<span class="lp-note">for “{inline(verdict.waits_for)}”</span>'
    folds = verdict.status in (Status.FAILED, Status.BROKEN)
    if folds and reason(verdict):
        note = f'<span class="lp-note lp-brief">{inline(reason(verdict))}</span>'
    line = (
        f'{icon(verdict.status)}<span class="lp-name">{inline(verdict.title)}{note}</span>'
        f'<span class="lp-vh">: </span><span class="lp-tag">{tag}</span>'
    )
    if folds:
        body = _evidence(verdict, links) + help_
        row = (
            f'<details class="lp-check"{" open" if opened else ""}><summary class="lp-row">{line}</summary>'
            f'<div class="lp-body">{body}</div></details>'
        )
    else:
        row = f'<div class="lp-row">{line}</div>'
    return f'<li class="lp-item lp-{verdict.status.name.lower()}">{row}</li>'


def _evidence(verdict: Verdict, links: bool) -> str:
    """Everything that says why: the difference, the cause, where to read, and what went over the wire."""
    parts = []
    broken = verdict.status is Status.BROKEN
    if broken:
        parts.append(
            "<p>This check itself went wrong: our mistake, not yours. Your service was not judged.</p>"
        )
    if verdict.expected or verdict.got:
        expected, got = difference(verdict.expected, verdict.got)
        parts.append(
            f'<div class="lp-diff">'
            f'<div class="lp-passed"><div class="lp-label">Expected</div><pre>{expected}</pre></div>'
            f'<div class="lp-failed"><div class="lp-label">Got</div><pre>{got}</pre></div></div>'
        )
    if verdict.cause:
        label = "What went wrong" if broken else "Likely cause"
        title = f'<div class="lp-label-strong">{label}</div>'
        parts.append(f'<div class="lp-prose">{title}{markdown(verdict.cause)}</div>')
    if verdict.read:
        heading = inline(verdict.read)
        link = f'<a href="{escape(anchor(verdict.read))}">{heading}</a>' if links else f"“{heading}”"
        parts.append(f'<p class="lp-read">Read again: {link}</p>')
    wire = transcript.exchanges(verdict.exchanges) + transcript.logs(verdict.records)
    wire += transcript.calls(verdict.calls)
    return "".join(parts) + (f'<div class="lp-folds">{wire}</div>' if wire else "")
