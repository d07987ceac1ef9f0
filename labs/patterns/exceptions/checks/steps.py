"""What the checks of several exercises do, and how they look at what came of it."""

from __future__ import annotations

import re
from typing import Any

from labs.judge import CheckFailed, Logs, Response, parse_record

from .causes import why_no_json, why_not_findable, why_other_id, why_other_shape, why_status
from .reading import Failure

MISSING = 987_654_321  # an id that nobody has

JSON_TYPES = ("application/json", "application/problem+json")

SENT_AS_JSON = {"Content-Type": "application/json"}

_TRACEBACK = "Traceback (most recent call last)"

_LEVEL = re.compile(r"\b(debug|info|warning|warn|error|critical|fatal)\b", re.IGNORECASE)

_COLOR = re.compile(r"\x1b\[[0-9;]*m")

_CHAINED = ("During handling of the above exception", "The above exception was the direct cause")


def crash(service: Any, detail: str, *, secret: str = "", given: str = "") -> Response:
    """Make the service raise a RuntimeError with this text."""
    headers = {"X-Correlation-ID": given} if given else {}
    response: Response = service.post("/drills/crash", {"detail": detail, "secret": secret}, headers=headers)
    return response


def assert_error(
    response: Response, status: int, code: str, *, header: bool = True, raised_by: str = ""
) -> dict[str, Any]:
    """The body, when the answer is this error in the one shape. `header`: the id has to be in the header, too."""
    assert response.status == status, why_status(response, status, raised_by)
    kind = (response.header("content-type") or "").split(";")[0].strip().lower()
    if kind not in JSON_TYPES:
        raise CheckFailed(
            why_no_json(response, raised_by),
            expected=f"content-type: {JSON_TYPES[0]}",
            got=f"content-type: {kind}\n\n{response.text}",
        )
    body = response.json
    if not isinstance(body, dict) or not all(
        isinstance(body.get(name), str) for name in ("error", "message", "correlation_id")
    ):
        raise CheckFailed(
            why_other_shape(response, body, raised_by),
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
    assert re.fullmatch(r"[A-Za-z0-9._-]{8,64}", body["correlation_id"]), (
        "`correlation_id` is no id. It has to be read when the answer is made, from the request's context."
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
        assert body["correlation_id"] == sent, why_other_id(body)
    return dict(body)


def shown_headers(response: Response) -> str:
    """The headers of an answer, one on a line, without those that say nothing here."""
    boring = ("date", "server", "connection", "content-length")
    return "\n".join(f"{name}: {value}" for name, value in response.headers if name.lower() not in boring)


def written_by_the_service(logs: Logs) -> str:
    """The end of the log, without what the server says of itself and of the crash."""
    text = "\n".join(_COLOR.sub("", line) for line in logs.lines)
    for failure in failures(logs):
        if failure.by_server:
            text = text.replace(failure.text, "")
    lines = [line for line in text.split("\n") if line.strip() and not line.startswith("INFO: ")]
    return "\n".join(lines[-12:]) or "(the service wrote nothing)"


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


def failures(logs: Logs) -> list[Failure]:
    """Every record with a stack, in order."""
    found: list[Failure] = []
    lines = [_COLOR.sub("", line) for line in logs.lines]
    position, free = 0, 0  # lines before `free` belong to an earlier record
    while position < len(lines):
        record = parse_record(lines[position])
        if record is not None:
            text = _flat(record)
            if _TRACEBACK in text or '"frames"' in lines[position] or re.search(r'File "[^"]+", line \d+', text):
                level = next(
                    (
                        str(record[name]).lower()
                        for name in ("status", "level", "levelname", "severity")
                        if name in record
                    ),
                    "",
                )
                found.append(
                    Failure(text, level, _by_server(text) or str(record.get("logger", "")).startswith("uvicorn"))
                )
            position = free = position + 1
        elif _TRACEBACK in lines[position]:
            end = _end_of_traceback(lines, position)
            start = position
            while start > free and position - start < 3 and not _LEVEL.search(lines[start].partition(_TRACEBACK)[0]):
                start -= 1
            head = lines[start].partition(_TRACEBACK)[0]
            level = _LEVEL.search(head)
            text = "\n".join(lines[start:end])
            found.append(Failure(text, level[1].lower() if level else "", _by_server(text)))
            position = free = end
        else:
            position += 1
    return found


def _end_of_traceback(lines: list[str], position: int) -> int:
    """The number of the line after a traceback that begins at `position`, with the ones that it is chained to."""
    if "\\n" in lines[position].partition(_TRACEBACK)[2]:
        return position + 1  # all of it on one line
    position += 1
    while position < len(lines) and lines[position][:1].isspace():
        position += 1
    position += 1  # the exception itself
    if position < len(lines) and lines[position].startswith(_CHAINED):
        return _end_of_traceback(lines, position + 1)
    return min(position, len(lines))


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(_flat(item) for item in value.values())
    if isinstance(value, list):
        return "\n".join(_flat(item) for item in value)
    return str(value)


def _by_server(text: str) -> bool:
    return "Exception in ASGI application" in text
