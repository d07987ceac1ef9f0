"""Checks: what they may ask of a service, and the verdicts they come to.

A lab's checks import from here, from pytest and from the standard library, and from nowhere else.
"""

from labs.backing import Received, ScriptedReply
from labs.judge.client import Request, Response
from labs.judge.domain import create_order, create_user
from labs.judge.errors import CheckFailed
from labs.judge.logs import Logs, parse_record
from labs.judge.service import ServiceUnderTest

__all__ = [
    "CheckFailed",
    "Logs",
    "Received",
    "Request",
    "Response",
    "ScriptedReply",
    "ServiceUnderTest",
    "create_order",
    "create_user",
    "parse_record",
]
