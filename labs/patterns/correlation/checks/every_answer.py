"""On every answer: each response has an id, whoever made the response, and no two have one id."""

from __future__ import annotations

import pytest

from labs.judge import Request

from .steps import PATIENCE, ident_of


@pytest.mark.check(level="easy")
def test_every_answer_has_an_id(service):
    """Every answer has an id of its own, made by the service."""
    first, second = (ident_of(service.get("/about")) for _ in range(2))
    assert first != second, (
        "Two requests got the same id. It is made once, when a class, a default or a `ContextVar(default=…)` is "
        "evaluated; make it in `__call__`, for each request."
    )


@pytest.mark.check(level="medium", after="test_every_answer_has_an_id")
def test_errors_have_one(service, fresh):
    """Answers that no route of yours made have an id, too: 404, 405, 422."""
    for method, path, status in (
        ("GET", f"/{fresh.token()}", 404),
        ("DELETE", "/about", 405),
        ("POST", "/users", 422),
    ):
        response = service.request(method, path, json={} if method == "POST" else None)
        assert response.status == status, "The middleware has to let the framework's own errors through as they are."
        ident_of(response, f"on a {status}")


@pytest.mark.check(level="medium", after="test_every_answer_has_an_id")
def test_a_crowd_gets_as_many_ids(service):
    """Requests that come at the same time each get an id of their own."""
    responses = service.together([Request("GET", "/about", deadline=PATIENCE)] * 40)
    idents = [ident_of(response) for response in responses]
    assert len(set(idents)) == len(idents), (
        "Requests of the same moment share an id: it is made from the time or from a short random number, it comes "
        "around again, or it is kept where the next request overwrites it (a global, `self`). Use all of a UUID, and "
        "a local variable of `__call__`."
    )
