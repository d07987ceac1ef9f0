"""Runs a lab's checks against a service and comes to verdicts.

A lab's checks import what stands here, pytest and the standard library, and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labs.backing import Database, Downstream, Received, ScriptedReply
from labs.backing.commands import Command
from labs.judge.client import Request, Response
from labs.judge.domain import create_order, create_user
from labs.judge.errors import CheckFailed
from labs.judge.fresh import Fresh
from labs.judge.logs import Logs, parse_record
from labs.judge.service import ServiceUnderTest
from labs.judge.steps import (
    MISSING,
    SENT_AS_JSON,
    STORING,
    VALID_IDENT,
    WRITING,
    add_user,
    answered_in_time,
    assert_unlocked,
    away,
    begin,
    begin_payment,
    body_of,
    calls_to,
    card_number,
    commits_blocked,
    crash,
    damage,
    error_of,
    fail_after_insert,
    has_status,
    head,
    no_response_means,
    pay,
    start,
    until,
    user_body,
)

if TYPE_CHECKING:
    from labs.backing.cache import CacheServer as CacheServer

__all__ = [
    "MISSING",
    "SENT_AS_JSON",
    "STORING",
    "VALID_IDENT",
    "WRITING",
    "CacheServer",
    "CheckFailed",
    "Command",
    "Database",
    "Downstream",
    "Fresh",
    "Logs",
    "Received",
    "Request",
    "Response",
    "ScriptedReply",
    "ServiceUnderTest",
    "add_user",
    "answered_in_time",
    "assert_unlocked",
    "away",
    "begin",
    "begin_payment",
    "body_of",
    "calls_to",
    "card_number",
    "commits_blocked",
    "crash",
    "create_order",
    "create_user",
    "damage",
    "error_of",
    "fail_after_insert",
    "has_status",
    "head",
    "no_response_means",
    "parse_record",
    "pay",
    "start",
    "until",
    "user_body",
]


def __getattr__(name: str) -> Any:
    # What stands in for Redis takes a tenth of a second to import, and most labs have no use for it.
    if name == "CacheServer":
        from labs.backing.cache import CacheServer

        return CacheServer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
