"""Where a service is asked about its health, and what readiness says of those that it depends on."""

from __future__ import annotations

from labs.judge import Response

LIVE, READY, STARTUP, DRAIN = "/health/live", "/health/ready", "/health/startup", "/health/drain"


def named(response: Response) -> dict[str, object] | None:
    """What `checks` says of the database and of Redis; None when the body has no such object."""
    body = response.json
    checks = body.get("checks") if isinstance(body, dict) else None
    if not isinstance(checks, dict):
        return None
    return {name: checks.get(name) for name in ("database", "cache")}
