"""How responses, records and rows are read, compared and shown."""

from __future__ import annotations

import re

from labs.judge import CheckFailed


def whole(user):
    """What a read of this user has to answer."""
    return {"status": 200, "id": user["id"], "name": user["name"], "email": user["email"]}


def told(response):
    """What was answered, in the form of `whole`. Members beyond the contract's don't count."""
    try:
        body = response.json
    except CheckFailed:
        body = None
    if not isinstance(body, dict):
        return {"status": response.status, "body": response.text[:300]}
    wanted = {name: body[name] for name in ("id", "name", "email") if name in body}
    return {"status": response.status, **(wanted or {"body": response.text[:300]})}


def raised(logs):
    """A sentence with the exception that the log tells of, if any."""
    found = re.findall(r"^((?:[a-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Timeout)\b.*)$", logs.text, re.MULTILINE)
    return f"The log says `{found[-1].strip()[:200]}`." if found else ""
