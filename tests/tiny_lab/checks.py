"""The checks of the tiny lab."""

import pytest


@pytest.mark.check("greet")
def test_greets(service):
    """The greeting answers 200."""
    assert service.get("/hello/Ada").status == 200, "`greet` raised: look at the log."


@pytest.mark.check("greet", after="test_greets", read="Exercise 1: Greet")
def test_greets_by_name(service, fresh):
    """The greeting holds the name."""
    name = fresh.token()
    assert service.get(f"/hello/{name}").json == {"hello": name}, "The name is typed into `greet`: use its argument."


@pytest.mark.check("double", level="medium")
def test_doubles(service, fresh):
    """Every number is doubled."""
    number = fresh.number(3, 999)
    got = service.get(f"/double/{number}").json
    assert got == {"number": 2 * number}, "`double` has to multiply by two."
