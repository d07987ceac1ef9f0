"""How responses, records and rows are read, compared and shown."""

from __future__ import annotations

import statistics

HARDLY_A_PAUSE = (
    "There is hardly a pause before the second attempt, so it meets the same fault as the first. tenacity's default is none; "
    "start with about 0.05 s."
)


def shortest(gaps: list[float]) -> float:
    """The mean of the shortest quarter: on a busy machine no pause looks like a pause, though not every time."""
    return statistics.mean(sorted(gaps)[: len(gaps) // 4 + 1])
