"""Runs a lab's checks against a service and comes to verdicts.

A lab's checks import what stands here, pytest and the standard library, and nothing else.
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
