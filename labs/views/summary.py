"""A whole report in a line, and what does not pass in a few more: for many labs at once."""

from __future__ import annotations

from collections.abc import Iterator

from labs.judge.verdict import Report, Status
from labs.views.markup import count

__all__ = ["shortcomings", "standing"]


def standing(report: Report) -> str:
    """How the lab stands, such as "27 of 27 checks pass"."""
    if report.problem:
        return "could not be checked"
    passed, checks = report.count(Status.PASSED), len(report.verdicts)
    if report.count(Status.NOT_STARTED) and not passed:
        return "not started"
    return f"{passed} of {checks} checks pass"


def shortcomings(report: Report) -> Iterator[str]:
    """A line for each check that says something is wrong, with its likely cause; what waits for those is counted."""
    if report.problem:
        yield report.problem
        return
    for verdict in report.verdicts:
        if verdict.status in (Status.FAILED, Status.BROKEN):
            yield f"{verdict.status}: {verdict.title}. {' '.join(verdict.cause.split())}"
    if unfinished := sorted({verdict.unfinished for verdict in report.verdicts if verdict.unfinished}):
        yield f"not started: {', '.join(unfinished)}"
    if waiting := report.count(Status.WAITING):
        yield f"{count(waiting, 'check')} waiting for others"
