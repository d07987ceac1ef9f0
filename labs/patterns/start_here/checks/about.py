"""Say who you are: one route that tells the name and the version of the service."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.check(level="easy")
def test_about_answers(service, logs):
    """`GET /about` answers 200 with a JSON object."""
    response = service.get("/about")
    if response.status >= 500:
        logs.complete()  # the answer may be here before the log line that explains it
    assert response.status == 200, (
        "`about` did not return what it promises, `dict[str, str]`: another type, a value that is `None`, or a "
        "`print` instead of a `return`."
        if "ResponseValidationError" in logs.text
        else "The handler of `/about` raised, or the route is missing: look at the log lines below."
    )
    assert isinstance(response.json, dict), "`about` has to return a dictionary: FastAPI turns it into a JSON object."


@pytest.mark.check(level="easy", after="test_about_answers")
def test_about_reads_the_environment(service):
    """The name and version are those of the environment."""
    body = service.get("/about").json
    expected = {"service": service.env["SERVICE_NAME"], "version": service.env["APP_VERSION"]}
    assert body == expected, why_other(body, expected)


def why_other(body: dict[str, Any], expected: dict[str, str]) -> str:
    """Why this body does not tell what is expected."""
    if set(body) != set(expected):
        return "The object needs the two fields `service` and `version`, and no others."
    return (
        "The values are typed into the source, or were read when the cell ran. Take them from `os.environ` inside the "
        "function: each deployment sets its own."
    )
