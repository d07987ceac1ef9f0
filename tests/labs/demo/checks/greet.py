"""Checks of exercise 1, “Greet the caller”."""

from __future__ import annotations

import pytest


def test_greeting_names_the_caller(service, fresh):
    """The greeting names the caller."""
    name = fresh.token()
    answer = service.get(f"/hello/{name}")
    assert answer.status == 200, "The route has to answer 200."
    expected = {"message": f"hello {name}", "service": service.env["SERVICE_NAME"]}
    assert answer.json == expected, "The name is the one in the path, the service's is in the environment."


@pytest.mark.check(level="medium", points=2, after="test_greeting_names_the_caller")
def test_greeting_is_logged(service, logs, fresh):
    """A greeting leaves a line in the log."""
    name = fresh.token()
    service.get(f"/hello/{name}")
    service.stop()
    assert f"greeted {name}" in logs.lines, "Each greeting is printed."
