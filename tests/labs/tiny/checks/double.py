"""Checks of exercise 2, “double”."""

from __future__ import annotations

import pytest


@pytest.mark.check(level="medium")
def test_doubles(service, fresh):
    """Every number is doubled."""
    number = fresh.number(3, 999)
    got = service.get(f"/double/{number}").json
    assert got == {"number": 2 * number}, "`double` has to multiply by two."
