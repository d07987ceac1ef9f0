"""How responses, records and rows are read, compared and shown."""

from __future__ import annotations

from typing import NamedTuple


class Failure(NamedTuple):
    """One record with a stack: a JSON line, or a traceback as text with the line above it."""

    text: str
    level: str
    by_server: bool  # uvicorn writes one of its own for what escapes the app
