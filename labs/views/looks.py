"""How each status looks: icon, word and mark in plain text, so that nobody has to tell colours apart."""

from __future__ import annotations

from dataclasses import dataclass

from labs.judge.verdict import Report, Status, Verdict

__all__ = ["LOOKS", "Look", "icon", "shows_times", "word"]


@dataclass(frozen=True, slots=True)
class Look:
    """What stands for a status."""

    word: str  # on screen
    mark: str  # in plain text
    drawing: str  # inside an 18 by 18 SVG, in the status's colour

    def __post_init__(self) -> None:
        if len(self.mark) != 6:
            raise ValueError("marks are six characters wide, so that titles line up")


_STROKE = 'fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round"'
_RING = '<circle cx="9" cy="9" r="7" fill="none" stroke="currentColor" stroke-width="1.5"'

LOOKS: dict[Status, Look] = {
    Status.PASSED: Look(
        "Passed",
        "[ok]  ",
        '<circle cx="9" cy="9" r="8" fill="currentColor" opacity=".15"/>'
        f'<path d="M5.2 9.3l2.5 2.5 5-5.4" {_STROKE} stroke-width="1.9"/>',
    ),
    Status.FAILED: Look(
        "Failed",
        "[FAIL]",
        '<path d="M5.7 1.3h6.6l4.4 4.4v6.6l-4.4 4.4H5.7l-4.4-4.4V5.7z" fill="currentColor" opacity=".15"/>'
        f'<path d="M6.2 6.2l5.6 5.6M11.8 6.2l-5.6 5.6" {_STROKE} stroke-width="1.9"/>',
    ),
    Status.NOT_STARTED: Look(
        "Not started",
        "[ -- ]",
        f'{_RING} opacity=".5"/><path d="M7.2 5.9v6.2l5-3.1z" fill="currentColor"/>',
    ),
    Status.WAITING: Look(
        "Waiting",
        "[ -- ]",
        f'{_RING} opacity=".5"/><path d="M9 5.4V9l2.4 1.6" {_STROKE} stroke-width="1.5"/>',
    ),
    Status.NOT_RUN: Look("Not run yet", "[ -- ]", f'{_RING} stroke-dasharray="2.6 2.6"/>'),
    Status.RUNNING: Look(
        "Running…",
        "[ .. ]",
        f'{_RING} opacity=".25"/><path d="M9 2a7 7 0 0 1 7 7" {_STROKE} stroke-width="1.8"/>',
    ),
    Status.BROKEN: Look(
        "Check broken",
        "[ !! ]",
        '<path d="M9 1.6l7.6 14H1.4z" fill="currentColor" opacity=".15"/>'
        f'<path d="M9 6.6v4M9 13.2v.1" {_STROKE} stroke-width="1.9"/>',
    ),
}


def icon(status: Status) -> str:
    """The status's drawing; hidden from screen readers, which read the word beside it."""
    spin = " lp-spin" if status is Status.RUNNING else ""
    return (
        f'<svg class="lp-icon lp-{status.name.lower()}{spin}" viewBox="0 0 18 18" width="18" height="18"'
        f' aria-hidden="true" focusable="false">{LOOKS[status].drawing}</svg>'
    )


def shows_times(report: Report) -> bool:
    """Whether milliseconds are shown: only beside a failure, where somebody is looking for what went wrong.

    Executed notebooks are committed and nbval compares their outputs, so a panel without a failure says the
    same words after every run.
    """
    return report.count(Status.FAILED, Status.BROKEN) > 0


def word(verdict: Verdict, times: bool = False) -> str:
    """The status in words, such as `Passed in 14 ms`."""
    text = LOOKS[verdict.status].word
    timed = times and verdict.status is Status.PASSED and verdict.seconds > 0
    return f"{text} in {max(1, round(verdict.seconds * 1000)):,} ms" if timed else text
