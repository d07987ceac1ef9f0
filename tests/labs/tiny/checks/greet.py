"""Checks of exercise 1, “Greet by name”."""

from __future__ import annotations

import pytest


def test_greets(service):
    """The greeting answers 200."""
    assert service.get("/hello/Ada").status == 200, "`greet` raised: look at the log."


@pytest.mark.check(after="test_greets", read="Exercise 1: Greet")
def test_greets_by_name(service, fresh):
    """The greeting holds the name."""
    name = fresh.token()
    assert service.get(f"/hello/{name}").json == {"hello": name}, "The name is typed into `greet`: use its argument."
