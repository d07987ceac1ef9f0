"""How responses, records and rows are read, compared and shown."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]


def ids(items: list[Any]) -> list[Any]:
    """The ids of the rows on a page."""
    return [item["id"] for item in items]
