"""How responses, records and rows are read, compared and shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from labs.judge import Response

LIVE, READY, STARTUP, DRAIN = "/health/live", "/health/ready", "/health/startup", "/health/drain"

Why = Callable[[Response], str]


def named(response: Response) -> Any:
    """What the answer says of the database and of Redis."""
    body = response.json
    checks = body.get("checks") if isinstance(body, dict) else None
    if not isinstance(checks, dict):
        return None
    return {name: checks.get(name) for name in ("database", "cache")}
