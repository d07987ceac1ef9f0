"""The checks of one exercise as HTML: what the panel and the feedback page are put together from."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labs.judge.verdict import Report, Status, Verdict
from labs.views import transcript
from labs.views.difference import difference
from labs.views.looks import icon, word
from labs.views.markup import anchor, clip, escape, inline, markdown, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labs.course.lesson import Level

__all__ = ["ExerciseView", "Group", "Setting", "bar", "group", "reason", "section"]

BRIEF = 140  # characters of the cause beside a folded check


@dataclass(frozen=True, slots=True)
class ExerciseView:
    """What the panel knows of an exercise: its place in the lesson and the help the learner has taken."""

    name: str  # as in `lab.check("name")`
    title: str
    level: Level
    hints: tuple[str, ...] = ()  # Markdown, only those taken so far
    hints_total: int = 0
    heading: str = ""  # the lesson's heading above its cell, when it is to be linked


@dataclass(frozen=True, slots=True)
class Setting:
    """How and where sections are shown."""

    times: bool = False  # whether a passed check says how long it took
    opened: frozenset[str] = frozenset()  # the checks whose evidence is unfolded
    start: str = ""  # the exercise to begin with, when nothing has failed
    notebook: bool = True  # inside the lesson: its headings can be linked and `lab.hint` called


@dataclass(frozen=True, slots=True)
class Group:
    """An exercise with its verdicts."""

    exercise: ExerciseView
    verdicts: tuple[Verdict, ...]

    @property
    def passed(self) -> int:
        """How many of its checks pass."""
        return sum(verdict.status is Status.PASSED for verdict in self.verdicts)

    def holds(self, *statuses: Status) -> bool:
        """Whether one of its checks ended in one of these."""
        return any(verdict.status in statuses for verdict in self.verdicts)


def group(report: Report, exercises: Sequence[ExerciseView]) -> list[Group]:
    """The verdicts by exercise, in the lesson's order; those of an exercise nobody described come last."""
    known = {exercise.name: exercise for exercise in exercises}
    for verdict in report.verdicts:
        unknown = ExerciseView(verdict.exercise, verdict.exercise or "Checks", verdict.level)
        known.setdefault(verdict.exercise, unknown)
    found = ((view, tuple(v for v in report.verdicts if v.exercise == name)) for name, view in known.items())
    return [Group(view, verdicts) for view, verdicts in found if verdicts]


def bar(report: Report, noun: str = "") -> str:
    """The progress bar, a segment for each check, with the count beside it; `noun` says of what."""
    done, total = report.count(Status.PASSED), len(report.verdicts)
    segments = "".join(f'<i class="lp-{verdict.status.name.lower()}"></i>' for verdict in report.verdicts)
    return (
        f'<div class="lp-meter"><div class="lp-bar" role="progressbar" aria-label="Checks passing"'
        f' aria-valuemin="0" aria-valuemax="{total}" aria-valuenow="{done}"'
        f' aria-valuetext="{done} of {total} checks pass">{segments}</div>'
        f'<span class="lp-count">{done} of {total}{noun}</span></div>'
    )


def reason(verdict: Verdict) -> str:
    """Why a check failed, in one short line of text for a row that is folded."""
    problems = (exchange.problem for exchange in reversed(verdict.exchanges) if exchange.problem)
    text = plain(verdict.cause) or next(problems, "")
    if not text and verdict.expected:
        text = f"expected {_first_line(verdict.expected)}, got {_first_line(verdict.got) or 'nothing'}"
    line = textwrap.shorten(text, BRIEF, placeholder=" …")
    return line if len(line) > len(" …") else clip(text, BRIEF)[0].strip()


def _first_line(text: str) -> str:
    return clip(clip(text, 200)[0].strip().partition("\n")[0], 60)[0]


def section(part: Group, setting: Setting) -> str:
    """One exercise: heading, what to do when it is not started, and its checks."""
    exercise = part.exercise
    failed = next((verdict for verdict in part.verdicts if verdict.status is Status.FAILED), None)
    rows = []
    for verdict in part.verdicts:
        helps = verdict is failed and setting.notebook
        rows.append(_row(verdict, setting, _help(exercise) if helps else ""))
    level = 4 if setting.notebook else 3  # below the panel's title, or below the page's "Checks"
    return (
        f'<div class="lp-exercise"><div class="lp-exercise-head">'
        f'<div class="lp-exercise-title" role="heading" aria-level="{level}">{inline(exercise.title)}</div>'
        f'<span class="lp-level">{escape(exercise.level)}</span>'
        f'<span class="lp-count">{part.passed} of {len(part.verdicts)}</span></div>'
        f"{'' if failed else _invitation(part, setting)}"
        f'<ol class="lp-list">{"".join(rows)}</ol></div>'
    )


def _invitation(part: Group, setting: Setting) -> str:
    """What to write and where, for an exercise that is not started; with an offer of help where to begin."""
    waiting = [verdict for verdict in part.verdicts if verdict.status is Status.NOT_STARTED]
    if not waiting:
        return ""
    names = list(dict.fromkeys(verdict.unfinished for verdict in waiting if verdict.unfinished))
    title = inline(part.exercise.title)
    if setting.notebook and part.exercise.heading:
        title = f'<a href="{escape(anchor(part.exercise.heading))}">{title}</a>'
    todo = f"Go to the cell of “{title}”."
    if names:
        functions = " and ".join(f"<code>{escape(clip(name, 80)[0])}</code>" for name in names)
        raises = "it still raises" if len(names) == 1 else "they still raise"
        todo = f"Write {functions} in the cell of “{title}”: {raises} <code>NotImplementedError</code>."
    if part.exercise.name != setting.start:
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


def _row(verdict: Verdict, setting: Setting, help_: str) -> str:
    """A check: icon, title and word; with its evidence folded below when it failed or broke."""
    state, timing, after = word(verdict, setting.times).partition(" in ")
    tag = state + (f'<span class="lp-time">{timing}{after}</span>' if timing else "")
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
        opened = " open" if verdict.check in setting.opened else ""
        body = _evidence(verdict, setting.notebook) + help_
        row = (
            f'<details class="lp-check"{opened}><summary class="lp-row">{line}</summary>'
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
        parts.append("<p>This check itself went wrong: our mistake, not yours. Your service was not judged.</p>")
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
