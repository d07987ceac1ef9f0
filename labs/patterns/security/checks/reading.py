"""How responses, records and rows are read, compared and shown."""

from __future__ import annotations

import json
from typing import Any

LIMIT = 64 * 1024  # bytes of a body

Policy = dict[str, list[str]]


def short(value: Any) -> str:
    """A value for a sentence."""
    text = json.dumps(value)
    return text if len(text) < 60 else f"{len(str(value))} characters long"
