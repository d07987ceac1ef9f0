"""Likely causes: what a failed check tells the learner. `HEADER` is the header that they all are about."""

from __future__ import annotations

import re
from typing import Any

from labs.judge import Received, Response

HEADER = "X-Correlation-ID"

MIXED = (
    "Requests that run at the same time get each other's id: it is kept where they all reach it (a global, `self`, a "
    "`threading.local`; all requests on an event loop share one thread). A `ContextVar` has a value per request."
)


def why_no_ident(response: Response, values: list[str], where: str) -> str:
    """Why there is not exactly one valid id among these values of the header, on a response `where`."""
    if len(values) > 1:
        return (
            f"`{HEADER}` is on the answer {len(values)} times. Two places stamp it, or it is appended for every "
            "message; assign it, once, when `http.response.start` passes."
        )
    if values:
        return (
            f"The id on the answer does not match `[A-Za-z0-9._-]{{8,64}}`: it has {len(values[0])} characters. "
            "`uuid4().hex` has 32."
        )
    if where:
        return (
            f"There is no `{HEADER}` {where}. No route of yours made this answer, so what is set in a route, a "
            "dependency or a router never ran: stamp it in a middleware."
        )
    if response.status >= 500:
        return f"The request failed, and its answer has no `{HEADER}`: look at the log for what was raised."
    return (
        f"There is no `{HEADER}` on the answer. Hand `self.app` a `send` of your own that adds it to the message "
        "`http.response.start`."
    )


def why_not_taken_over(given: str) -> str:
    """Why this id, which is valid, was replaced."""
    if len(given) in (8, 64):
        return (
            f"A valid id of {len(given)} characters was replaced. 8 and 64 are both within bounds; count the bounds in."
        )
    if given.isalnum():
        return "A valid id was replaced. Take it over, so that the caller's lines and yours share one."
    return (
        "A valid id was replaced: letters of both cases, digits, `.`, `_` and `-` are all allowed, at the ends, too. "
        "Not every caller's id is a UUID."
    )


def why_not_replaced(response: Response, given: str | bytes, values: list[str]) -> str:
    """Why this id, which is invalid, did not make room for one new id; `values` are those of the header."""
    raw = given if isinstance(given, bytes) else given.encode()
    if response.status != 200:
        return (
            f"The request was answered with {response.status}. An invalid id is not the end of a request: "
            "replace it and go on."
        )
    if len(values) != 1:
        return why_no_ident(response, values, "")
    if not re.search(rb"[^A-Za-z0-9._-]", raw):
        return (
            f"An id of {len(raw)} characters was taken over. The bounds are 8 and 64: too short is not unique, too "
            "long is an attack."
        )
    if any(byte > 127 for byte in raw):
        return (
            "A letter or digit beyond ASCII came through. `\\w`, `\\d`, `isalnum()` and `isalpha()` know all of "
            "Unicode: write the alphabet out, `[A-Za-z0-9._-]`, or use `re.ASCII`."
        )
    if any(byte < 32 or byte == 127 for byte in raw):
        return (
            "A control character came through: a terminal or a log viewer obeys it. Allow the contract's alphabet and "
            "nothing else."
        )
    if re.match(rb"[A-Za-z0-9._-]{8,64}", raw):
        return (
            "An id that only begins like a valid one was taken over, into your logs and other teams' headers. "
            "`re.match` looks at the beginning; `re.fullmatch` at all of it."
        )
    return (
        "An id with other characters than the contract's was taken over, into your logs and other teams' headers. All "
        "of the value has to match (`re.fullmatch`; `re.search` is content with a part)."
    )


def why_not_in_line(record: dict[str, Any], given: str) -> str:
    """Why the record of a request does not have the id that its caller gave."""
    if "correlation_id" not in record:
        return (
            "The line has no `correlation_id`. Set it on every record that goes through the handler; a filter on a "
            "logger, root included, is not asked for what other loggers pass up."
        )
    if record["correlation_id"] in (None, "", "-"):
        return (
            "The line's `correlation_id` is empty: the `ContextVar` was not set in the request's own context before "
            "the route ran (`correlation_id.set(ident)` in the middleware), or was read at start-up."
        )
    if given.startswith(str(record["correlation_id"])):
        return (
            "The line has the beginning of its request's id. An id has up to 64 characters; cut, it finds nothing "
            "elsewhere."
        )
    return (
        "The line has another id than its request. Read the `ContextVar` when the record is made, and make no id there."
    )


def why_other_call(call: Received, seen: list[str]) -> str:
    """Why a call does not carry the id of its request; `seen` are the ids of earlier requests."""
    sent = call.headers.get(HEADER.lower())
    if sent is None:
        return (
            f"The call went out without `{HEADER}`: the client has to add it to each request (an event hook, an auth "
            "flow, a transport)."
        )
    if sent in seen:
        return (
            "The call carries the id of an earlier request. The client lives longer than a request, so what is set "
            "when it is made stays: read the `ContextVar` when each call goes out."
        )
    if sent in ("None", "", "-"):
        return (
            "The header says that there is no id. Read the `ContextVar` when the call goes out, not when the client "
            "is made."
        )
    return (
        "The call carries an id of its own, which occurs nowhere else: forward the request's, don't make another one."
    )


def why_background(record: dict[str, Any]) -> str:
    """Why this record of a job does not have the id of the request that handed the job over."""
    if record.get("correlation_id") in (None, "", "-"):
        return (
            "The job ran without an id, in the context of the worker, which has no request. Copy the context when the "
            "job is handed over, and run the job in it: `asyncio.create_task(job(), context=…)`. (`context.run(job)` "
            "only makes the coroutine there.)"
        )
    return (
        "The job of this request ran under another id. It belongs to an earlier request, or was made up: take the id "
        "of the request that hands the job over."
    )


def why_crash_line(own: list[dict[str, Any]], found: list[dict[str, Any]]) -> str:
    """Why a crash is not in the log with its id: the records with its stack, by the service itself and by anybody."""
    if not found:
        return (
            "No line has the stack of the crash. Log it where it is caught, with `log.exception(…)` or "
            "`exc_info=error`."
        )
    if not own:
        return (
            "Only the server logged the crash, after your middlewares were left. Log it where you answer it, in the "
            "request's context."
        )
    if own[-1].get("correlation_id") in (None, "", "-"):
        return (
            "The one line with the stack has no id. It was written outside of the request's context: after a `reset` "
            "in a `finally`, or in front of the middleware that sets the id. Log inside."
        )
    return "The line with the stack has somebody else's id. " + MIXED
