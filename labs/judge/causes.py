"""From the exception that ended a check to a verdict: whose mistake it is, the likely cause, the evidence."""

from __future__ import annotations

import re
import sqlite3
import traceback
from collections.abc import Collection
from pathlib import Path

import pytest

from labs.judge.comparison import Comparison, cause_of, show
from labs.judge.errors import CheckFailed
from labs.judge.logs import last_exception
from labs.judge.service import ServiceUnderTest
from labs.judge.verdict import Call, Exchange, Status, Verdict
from labs.service.host import Host, IncidentKind, Unimplemented

__all__ = ["explain_failure", "keep_evidence"]


_DATA = (dict, list, str, int, float, type(None))  # what JSON is made of
_WHY_NOT = {
    "database is locked": "The service keeps a transaction open, so nobody else can write: always commit or roll back.",
}


def keep_evidence(verdict: Verdict, service: ServiceUnderTest) -> None:
    """Put the transcript, the log and the calls to backing services into the verdict, the last ones of each."""
    verdict.exchanges = tuple(service.exchanges[-12:])
    verdict.records = tuple(line for line in service.host.stream.lines if line.strip())[-40:]
    calls: list[Call] = []
    if (cache := service.backings.get("cache")) is not None:
        calls += [Call("cache", str(command), show(command.reply)[:200]) for command in cache.commands[-40:]]
    if (downstream := service.backings.get("downstream")) is not None:
        calls += [Call("downstream", str(call), str(call.status)) for call in downstream.calls[-20:]]
    verdict.calls = tuple(calls)


def explain_failure(
    verdict: Verdict,
    error: BaseException,
    comparison: Comparison,
    checks_folder: Path,
    host: Host,
    later: Collection[str] = (),
) -> None:
    """Fill in status, cause, expected and got. The evidence has to be in the verdict already.

    `later` names the functions that later exercises write. The check has to pass without them, so an unfinished one
    is no excuse for the failure: the request should not have come as far as that function.
    """
    unfinished = str(error) if isinstance(error, Unimplemented) else _unfinished(host, later)
    if unfinished:
        verdict.status, verdict.unfinished = Status.NOT_STARTED, unfinished
        return
    verdict.status = Status.FAILED
    if isinstance(error, CheckFailed):
        verdict.cause, verdict.expected, verdict.got = error.cause, show(error.expected), show(error.got)
    elif isinstance(error, AssertionError):
        verdict.cause = cause_of(error)
        verdict.expected, verdict.got = comparison.expected, comparison.got
        if not verdict.got and verdict.exchanges:
            verdict.got = verdict.exchanges[-1].response or verdict.exchanges[-1].problem
    elif isinstance(error, pytest.fail.Exception):
        verdict.cause = str(error.msg)
    elif isinstance(error, sqlite3.Error):
        verdict.cause = f"The check could not get into the database: {error}. {_WHY_NOT.get(str(error), '')}".strip()
    elif _misread_response(error, checks_folder):
        verdict.cause = (
            "The response does not have the shape that the contract gives it, so the check could not read it "
            f"({type(error).__name__}: {error})."
        )
        if verdict.exchanges:
            verdict.expected, verdict.got = "the contract's shape", verdict.exchanges[-1].response
    else:
        verdict.status = Status.BROKEN
        verdict.cause = f"The check itself broke: {type(error).__name__}: {error}. That is our mistake, not yours."
        verdict.got = "".join(traceback.format_exception(error)[-6:])
    if verdict.status is Status.FAILED:
        _add_what_the_host_knows(verdict, host, later)


def _add_what_the_host_knows(verdict: Verdict, host: Host, later: Collection[str]) -> None:
    last = verdict.exchanges[-1] if verdict.exchanges else Exchange("", "")
    if last.response.startswith("5") or "connection was closed" in last.problem:
        raised = last_exception(host.stream.lines)
        if reached := _reached(raised, host, later):
            verdict.cause += f" The request came as far as `{reached}`, which a later exercise writes."
        elif raised:
            verdict.cause += f" The log says `{raised}`."
    exits = [incident.detail for incident in host.incidents if incident.kind is IncidentKind.EXITED]
    if exits:
        verdict.cause = f"{exits[0]} {verdict.cause}"


def _unfinished(host: Host, later: Collection[str]) -> str:
    names = [incident.detail for incident in host.incidents if incident.kind is IncidentKind.UNIMPLEMENTED]
    return next((name for name in names if name not in later), "")


def _reached(raised: str, host: Host, later: Collection[str]) -> str:
    """The function of a later exercise at which a request ended, because its cell has not run or it is not written."""
    names = re.findall(r"^NameError: name '(\w+)'", raised)
    if raised.startswith("NotImplementedError"):
        names += [incident.detail for incident in host.incidents if incident.kind is IncidentKind.UNIMPLEMENTED]
    return next((name for name in names if name in later), "")


def _misread_response(error: BaseException, checks_folder: Path) -> bool:
    """Whether `error` comes from a line of the check that reads what the service sent, rather than from our code."""
    if not isinstance(error, (LookupError, TypeError, ValueError, AttributeError)):
        return False
    if isinstance(error, AttributeError) and not isinstance(error.obj, _DATA):
        return False
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and Path(frames[-1].filename).parent == checks_folder
