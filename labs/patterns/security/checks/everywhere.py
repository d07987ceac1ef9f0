"""On every answer: the headers are there, too, where no route has made the answer."""

from __future__ import annotations

import pytest

from .steps import HSTS, HTTPS, assert_basics, assert_strict_transport

CRASH = (
    "The answer to a crash lacks your headers. Starlette answers crashes outside of every middleware that you add to "
    "the app; wrap the whole app, or turn crashes into answers further inside."
)


@pytest.mark.check(level="medium", after="test_https_only_where_it_is")
def test_crash_has_them(service, fresh):
    """The answer to a crash has the security headers, too."""
    body = {"detail": f"crash {fresh.token()}", "secret": ""}
    response = service.post("/drills/crash", body)
    assert response.status == 500, "An accident is still a 500: whatever adds the headers must not change the answer."
    assert_basics(response, "a crash", CRASH)
    assert_strict_transport(service.post("/drills/crash", body, headers=HTTPS))
    assert service.post("/drills/crash", body).header(HSTS) is None, (
        "A request over plain HTTP got `Strict-Transport-Security` after one over HTTPS: what belongs to one request "
        "is kept for the next. Ask for the scheme of each request."
    )


@pytest.mark.check(level="medium", after="test_crash_has_them")
def test_answers_that_no_route_made(service, fresh):
    """Answers that no route has made (404, 405 and the like) have the security headers, and keep their status."""
    for method, path, status in (
        ("GET", f"/{fresh.token()}", 404),
        ("DELETE", "/about", 405),
        ("OPTIONS", f"/{fresh.token()}", None),
        ("GET", "/about/", None),
    ):
        response = service.request(method, path)
        what = f"`{method} {path}` ({response.status})"
        if status is not None:
            assert response.status == status, (
                "Whatever adds the headers must let the framework's own errors through as they are."
            )
        where = (
            f"{what} was answered without your headers: they are set for routes that exist (a dependency, an injected "
            "`Response`, each route by hand). Set them around the app, where every answer passes."
        )
        assert_basics(response, what, where)
    assert service.get("/about").status == 200, (
        "An ordinary request does not succeed any more. If the log says that `state` lacks something, the lifespan "
        "has not run: its scope, too, comes through whatever stands around the app, and has no `scheme` and no "
        'headers. Pass on what is not `scope["type"] == "http"` as it is.'
    )
