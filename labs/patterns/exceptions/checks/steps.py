"""What these checks take an error for: one shape in the answer, and one record in the log."""

from __future__ import annotations

from typing import Any

from labs.judge import VALID_IDENT, CheckFailed, Logs, Response

from .causes import OTHER_ID, why_not_findable, why_not_json, why_other_shape, why_status
from .stacks import failures, written_by_the_service

JSON_TYPES = ("application/json", "application/problem+json")
REFUSALS = {400: "BAD_REQUEST", 422: "VALIDATION_ERROR"}  # the code of each status for a body that does not fit


def assert_error(
    response: Response, status: int, code: str, *, header: bool = True, raised_by: str = ""
) -> dict[str, Any]:
    """The body, if this is that error in the one shape; fails otherwise.

    `header`: the id has to be in the header, too. `raised_by`: who raised the error, as a cause names it.
    """
    assert response.status == status, why_status(response, status, raised_by)
    kind = (response.header("content-type") or "").split(";")[0].strip().lower()
    if kind not in JSON_TYPES:
        raise CheckFailed(
            why_not_json(response, raised_by),
            expected=f"content-type: {JSON_TYPES[0]}",
            got=f"content-type: {kind}\n\n{response.text}",
        )
    body = response.json
    if not isinstance(body, dict) or not all(
        isinstance(body.get(name), str) for name in ("error", "message", "correlation_id")
    ):
        raise CheckFailed(
            why_other_shape(body, raised_by),
            expected=(
                f'{{"error": "{code}", "message": "…", "correlation_id": "…"}}\nthree texts; further members are '
                "allowed"
            ),
            got=response.text,
        )
    assert body["error"] == code, (
        f"`error` is the code that belongs to a {status}, spelled exactly so: clients switch on it. It comes from the "
        "type of the error, or from the table of codes."
    )
    assert body["message"].strip() != "", (
        "`message` is empty: an exception without a text has an empty `str()`. Give it a sentence."
    )
    assert VALID_IDENT.fullmatch(body["correlation_id"]), (
        "`correlation_id` is not an id. It has to be read when the answer is made, from the request's context."
    )
    if header:
        sent = response.header("X-Correlation-ID")
        if sent is None:
            raise CheckFailed(
                f"The {status} lacks the header `X-Correlation-ID`. It is answered outside the middleware that adds "
                "the header; a handler for `Exception` lives in the outermost layer of all. Answer it further inside.",
                expected=f"X-Correlation-ID: {body['correlation_id']}",
                got=shown_headers(response),
            )
        assert body["correlation_id"] == sent, OTHER_ID
    return dict(body)


def assert_logged_once(logs: Logs, detail: str, given: str) -> None:
    """Fail unless the log tells of this accident: at error, with its stack and the id, once by the service itself."""
    told = [failure for failure in failures(logs) if detail in failure.text]
    findable = [failure for failure in told if given in failure.text]
    if not findable:
        raise CheckFailed(
            why_not_findable(logs, told, detail),
            expected=f"one record at error with a stack that ends in\nRuntimeError: {detail}\nand with the id {given}",
            got=written_by_the_service(logs),
        )
    levels = [failure.level for failure in findable]
    assert "error" in levels or "critical" in levels, (
        "The record with the stack is not at `error`, so no alert looks at it: use `log.error(..., exc_info=error)` "
        "or `log.exception`. `traceback.print_exc()` and `print` have no level at all."
    )
    own = [failure for failure in told if not failure.by_server]
    if len(own) > 1:
        raise CheckFailed(
            "The service logs one accident more than once: one layer logs it and lets it go on, and the next one logs "
            "it again. Log where it is answered, and only there.",
            expected="one record with this stack (the server's own “Exception in ASGI application” is not counted)",
            got="\n\n".join(failure.text for failure in own),
        )


def shown_headers(response: Response) -> str:
    """The headers of a response, one on a line, without those that say nothing here."""
    boring = ("date", "server", "connection", "content-length")
    return "\n".join(f"{name}: {value}" for name, value in response.headers if name.lower() not in boring)
