"""What a run has to show: a function for each kind of run, with a sentence for each other verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from labs.judge.verdict import Report, Status, Verdict

__all__ = ["must_fail", "must_not_start", "must_pass", "must_pass_so_far"]

_UNFINISHED = (Status.NOT_STARTED, Status.WAITING)


def must_pass(report: Report) -> Iterator[tuple[str, str]]:
    """Every check passes. A problem is a key that is the same in every run, and a sentence with its facts."""
    for verdict in report.verdicts:
        if verdict.status is not Status.PASSED:
            yield _unexpected(verdict, "passed")


def must_not_start(report: Report, first: str) -> Iterator[tuple[str, str]]:
    """Every check is "not started"; those of exercises after the `first` may also wait for one that is not started."""
    titles = {verdict.title for verdict in report.verdicts if verdict.status in _UNFINISHED}
    for verdict in report.verdicts:
        waits = verdict.status is Status.WAITING and verdict.exercise != first and verdict.waits_for in titles
        if verdict.status is not Status.NOT_STARTED and not waits:
            yield _unexpected(verdict, "not started")


def must_pass_so_far(report: Report, solved: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The checks of the solved exercises pass, and none of the others says that something is wrong."""
    for verdict in report.verdicts:
        if verdict.exercise in solved:
            if verdict.status is not Status.PASSED:
                yield _unexpected(verdict, "passed")
        elif verdict.status in (Status.FAILED, Status.BROKEN):
            yield _unexpected(verdict, "not started")


def must_fail(report: Report, check: str, cause: str) -> Iterator[tuple[str, str]]:
    """The named check fails with the named words in its cause, and no check breaks."""
    for verdict in report.verdicts:
        if verdict.status is Status.BROKEN:
            yield _unexpected(verdict, "failed" if verdict.check == check else "judged")
        elif verdict.check == check and verdict.status is not Status.FAILED:
            yield _unexpected(verdict, "failed")
        elif verdict.check == check and plain(cause) not in plain(verdict.cause):
            said = " ".join(verdict.cause.split()) or "(nothing)"
            yield f"{check} cause", f"{check} fails, but is told “{said}”, which does not contain “{cause}”"


def plain(text: str) -> str:
    """A cause as it is compared: without case and backticks, and with single spaces."""
    return " ".join(text.replace("`", "").split()).casefold()


def _unexpected(verdict: Verdict, wanted: str) -> tuple[str, str]:
    sentence = f"{verdict.check} is {verdict.status} instead of {wanted}"
    if verdict.status is Status.WAITING:
        sentence += f" (waits for “{verdict.waits_for}”)"
    elif verdict.unfinished:
        sentence += f" ({verdict.unfinished} raises NotImplementedError)"
    elif verdict.cause:
        sentence += f": {' '.join(verdict.cause.split())}"
    return f"{verdict.check} {verdict.status} {wanted}", sentence
