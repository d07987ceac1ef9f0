"""Checks of exercise 2, “Count the visits”."""

from __future__ import annotations

import pytest


@pytest.mark.check(level="hard", points=3)
def test_visits_are_counted_in_redis(service, cache):
    """Visits are counted in Redis, also across a restart."""
    counted = [service.post("/visits").json for _ in range(2)]
    service.start()
    counted.append(service.post("/visits").json)
    assert counted == [1, 2, 3], "The count is kept in Redis, not in the process."
    assert len(cache.keys()) == 1
