"""The checks of the demo lab."""

import pytest


@pytest.mark.check("greet")
def test_greeting_names_the_caller(service, fresh):
    """The greeting names the caller."""
    name = fresh.token()
    answer = service.get(f"/hello/{name}")
    assert answer.status == 200, "The route has to answer 200."
    expected = {"message": f"hello {name}", "service": service.env["SERVICE_NAME"]}
    assert answer.json == expected, "The name is the one in the path, the service's is in the environment."


@pytest.mark.check("greet", level="medium", points=2, after="test_greeting_names_the_caller")
def test_greeting_is_logged(service, logs, fresh):
    """A greeting leaves a line in the log."""
    name = fresh.token()
    service.get(f"/hello/{name}")
    service.stop()
    assert f"greeted {name}" in logs.lines, "Each greeting is printed."


@pytest.mark.check("count", level="hard", points=3)
def test_visits_are_counted_in_redis(service, cache):
    """Visits are counted in Redis, also across a restart."""
    counted = [service.post("/visits").json for _ in range(2)]
    service.start()
    counted.append(service.post("/visits").json)
    assert counted == [1, 2, 3], "The count is kept in Redis, not in the process."
    assert len(cache.keys()) == 1
