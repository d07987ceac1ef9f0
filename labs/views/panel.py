"""The check panel: what `lab.check()` shows in a notebook, and its text for where HTML is not shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labs.judge.verdict import Report, Status
from labs.views.looks import icon, shows_times
from labs.views.markup import count, escape, inline, markdown, style
from labs.views.plaintext import report_text
from labs.views.sections import ExerciseView, Setting, bar, group, section

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ExerciseView", "Panel", "state"]


class Panel:
    """A report as a panel that is displayed once and updated in place while checks run.

        handle = display(panel, display_id=True)
        …                      # verdicts of the same report change
        handle.update(panel)

    It reads the report each time it is rendered. `footer` is Markdown: what comes next after a pass.
    """

    def __init__(
        self, report: Report, exercises: Sequence[ExerciseView] = (), *, eyebrow: str = "", footer: str = ""
    ) -> None:
        self.report = report
        self.exercises = tuple(exercises)
        self.eyebrow = eyebrow
        self.footer = footer

    def html(self) -> str:
        """The panel with its style sheet, without script or ids. Equal reports give equal HTML."""
        report = self.report
        status, label = state(report)
        kind = status.name.lower()
        eyebrow = f'<div class="lp-eyebrow">{escape(self.eyebrow)}</div>' if self.eyebrow else ""
        head = (
            f'<div class="lp-head"><div>{eyebrow}'
            f'<div class="lp-title" role="heading" aria-level="3">{inline(report.title)}</div></div>'
            f'<div class="lp-state lp-{kind}">{icon(status)}{label}</div>'
            f"{bar(report) if report.verdicts else ''}</div>"
        )
        body = f"{problem(report)}{self._sections()}{self._finish()}"
        return (
            f"<style>{style()}</style>"
            f'<div class="lab-panel" role="group" aria-label="{escape(report.title)}: {label}">'
            f"{head}{body}</div>"
        )

    def _sections(self) -> str:
        report, parts = self.report, group(self.report, self.exercises)
        # The first failure is open and the place to go on; without one, it is the first exercise not started.
        wrong = [v for v in report.verdicts if v.status is Status.FAILED]
        wrong = wrong or [v for v in report.verdicts if v.status is Status.BROKEN]
        fresh = [part.exercise.name for part in parts if part.holds(Status.NOT_STARTED)]
        setting = Setting(
            times=shows_times(report),
            opened=frozenset(verdict.check for verdict in wrong[:1]),
            start=fresh[0] if fresh and not wrong else "",
        )
        return "".join(section(part, setting) for part in parts)

    def _finish(self) -> str:
        if not self.report.passed:
            return ""
        footer = markdown(self.footer) if self.footer else ""
        done = "Every check passes. Your service holds up."
        return f'<div class="lp-finish"><p class="lp-done">{done}</p><div class="lp-prose">{footer}</div></div>'

    def text(self) -> str:
        """The panel for a terminal, nbval and papermill's logs."""
        footer = self.footer if self.report.passed else ""
        label = state(self.report)[1]
        return report_text(self.report, self.exercises, eyebrow=self.eyebrow, state=label, footer=footer)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """What IPython asks for when the panel is displayed."""
        return {"text/html": self.html(), "text/plain": self.text()}

    def __repr__(self) -> str:
        return self.text()


def state(report: Report) -> tuple[Status, str]:
    """Where the whole run stands: the status whose look it gets, and a word or two."""
    failed, broken, passed = (report.count(s) for s in (Status.FAILED, Status.BROKEN, Status.PASSED))
    started = f"{len(report.verdicts) - passed} to go" if passed else "Not started"
    cases = (
        (report.problem, Status.FAILED, "Could not run"),
        (report.count(Status.RUNNING), Status.RUNNING, "Checking…"),
        (failed, Status.FAILED, f"{count(failed, 'check')} failing"),
        (broken, Status.BROKEN, f"{count(broken, 'check')} broken"),
        (report.passed, Status.PASSED, "All checks pass"),
        (passed or report.count(Status.NOT_STARTED), Status.NOT_STARTED, started),
    )
    return next(((status, label) for holds, status, label in cases if holds), (Status.NOT_RUN, "Not checked yet"))


def problem(report: Report) -> str:
    """Why the run could not take place, where nobody overlooks it."""
    if not report.problem:
        return ""
    return f'<div class="lp-trouble lp-failed">{icon(Status.FAILED)}<p>{inline(report.problem, 1_000)}</p></div>'
