"""A report in plain text: for terminals, nbval and papermill's logs."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from labs.judge.verdict import Report, Status, Verdict
from labs.views.difference import aligned
from labs.views.looks import LOOKS, shows_times, word
from labs.views.markup import clean, clip, cut, plain
from labs.views.sections import ExerciseView, Group, group
from labs.views.transcript import summary

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["labelled", "report_text", "verdict_text"]

WIDTH = 100
INDENT = " " * 9
VALUE = 800  # characters of an expected or got value
LINES = 12


def report_text(
    report: Report, exercises: Sequence[ExerciseView], *, eyebrow: str = "", state: str = "", footer: str = ""
) -> str:
    """The whole report: a line for each check, and the reasons below those that failed."""
    done = f": {report.count(Status.PASSED)} of {len(report.verdicts)} checks pass" if report.verdicts else ""
    lines = [clean(eyebrow)] if eyebrow else []
    lines.append(clean(report.title) + done + (f" ({state})" if state and not report.passed else ""))
    if report.problem:
        lines += ["", *_wrapped(clip(report.problem, 1_000)[0], "problem: ", "         ")]
    times = shows_times(report)
    for part in group(report, exercises):
        lines += ["", *_exercise(part, times)]
    if footer:
        lines += ["", *_wrapped(plain(footer), "", "")]
    return "\n".join(line.rstrip() for line in lines)


def _exercise(part: Group, times: bool) -> list[str]:
    exercise = part.exercise
    lines = [f"{clean(exercise.title)} ({clean(exercise.level)})  {part.passed} of {len(part.verdicts)}"]
    for verdict in part.verdicts:
        lines += verdict_text(verdict, times)
    started = part.holds(Status.FAILED, Status.NOT_STARTED)
    for number, hint in enumerate(exercise.hints if started else (), 1):
        lines += labelled(f"hint {number}", plain(hint))
    if started and len(exercise.hints) < exercise.hints_total:
        offer = f'lab.hint("{exercise.name}") shows hint {len(exercise.hints) + 1} of {exercise.hints_total}'
        lines += labelled("stuck?", offer)
    return lines


def verdict_text(verdict: Verdict, times: bool = False) -> list[str]:
    """One check: mark and title, then what there is to say about it."""
    look = LOOKS[verdict.status]
    lines = _wrapped(f"{clip(verdict.title, 300)[0]}{_aside(verdict, times)}", f"  {look.mark} ", INDENT)
    if verdict.status not in (Status.FAILED, Status.BROKEN):
        return lines
    if verdict.expected or verdict.got:
        expected, got = aligned(verdict.expected, verdict.got)
        lines += labelled("expected", expected or "(nothing)") + labelled("got", got or "(nothing)")
    if verdict.cause:
        lines += labelled("cause", plain(verdict.cause))
    if verdict.read:
        lines += labelled("read", plain(verdict.read))
    for exchange in verdict.exchanges[-3:]:
        lines += labelled("http", summary(exchange) + (f": {exchange.problem}" if exchange.problem else ""))
    return lines


def _aside(verdict: Verdict, times: bool) -> str:
    """What a mark alone does not say."""
    match verdict.status:
        case Status.PASSED:
            return word(verdict, times).removeprefix(LOOKS[Status.PASSED].word)
        case Status.FAILED:
            return ""
        case Status.NOT_STARTED if verdict.unfinished:
            return f" (not started: {clip(verdict.unfinished, 80)[0]} raises NotImplementedError)"
        case Status.WAITING if verdict.waits_for:
            return f' (waiting for "{clip(verdict.waits_for, 300)[0]}")'
        case Status.BROKEN:
            return " (check broken: our mistake, not yours)"
        case _:
            return f" ({LOOKS[verdict.status].word.lower()})"


def labelled(label: str, text: str) -> list[str]:
    """A label and its text in a hanging indent, bounded in width and in number of lines."""
    head, left = clip(text, VALUE)
    rows: list[str] = []
    for line in clean(head).split("\n"):
        rows += textwrap.wrap(line, WIDTH - 20, drop_whitespace=False, break_on_hyphens=False) or [""]
    if len(rows) > LINES:
        left += sum(len(row) for row in rows[LINES:])
        rows = rows[:LINES]
    rows += [cut(left)] if left else []
    return [f"{INDENT}{f'{label}:' if i == 0 else '':<11}{row.rstrip()}" for i, row in enumerate(rows)]


def _wrapped(text: str, first: str, then: str) -> list[str]:
    return textwrap.wrap(clean(text), WIDTH, initial_indent=first, subsequent_indent=then, break_on_hyphens=False)
