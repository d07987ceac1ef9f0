"""A verdict as plain text: for terminals, logs and JUnit files."""

from __future__ import annotations

import textwrap

from labs.judge.verdict import Status, Verdict

__all__ = ["verdict_lines"]

WIDTH = 100


def verdict_lines(verdict: Verdict, *, transcript: bool = True) -> list[str]:
    """What was expected, what came, the likely cause and where to look; with the transcript if wanted."""
    if verdict.status is Status.NOT_STARTED:
        return [f"not started: {verdict.unfinished}() still raises NotImplementedError"]
    lines: list[str] = []
    for label, text in (("expected", verdict.expected), ("got", verdict.got)):
        if text:
            lines += _labelled(label, text[:2000])
    if verdict.cause:
        lines += _wrapped("likely cause", verdict.cause)
    if verdict.read:
        lines += _wrapped("read again", verdict.read)
    if transcript and verdict.status is Status.FAILED:
        for exchange in verdict.exchanges[-2:]:
            lines += _labelled("sent", exchange.request[:1000])
            lines += _labelled("answered", (exchange.response or exchange.problem)[:1500])
        if verdict.records:
            lines += _labelled("log", "\n".join(record[:300] for record in verdict.records[-6:]))
        if verdict.calls:
            lines += _labelled("calls", "\n".join(f"{call.request} -> {call.response}" for call in verdict.calls[-8:]))
    return lines


def _labelled(label: str, text: str) -> list[str]:
    first, *rest = (_printable(line) for line in text.split("\n"))
    return [f"{label + ':':<14}{first}", *(" " * 14 + line for line in rest)]


def _wrapped(label: str, text: str) -> list[str]:
    return textwrap.wrap(" ".join(text.split()), WIDTH, initial_indent=f"{label + ':':<14}", subsequent_indent=" " * 14)


def _printable(line: str) -> str:
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)
