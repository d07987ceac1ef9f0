"""Likely causes: what a failed check tells the learner."""

from __future__ import annotations

from typing import Any

from labs.judge import Logs, Response

from .stacks import Failure

OTHER_ID = (
    "The id in the body is not the request's. It is only of use if the same one stands in the header, in the body and "
    "in the log: read the one that the request has (`correlation_id.get()`); don't make another."
)


def why_status(response: Response, status: int, raised_by: str) -> str:
    """Why the status is not the one that belongs to this error."""
    if response.status < 400:
        return (
            f"An error was answered with {response.status}, which is a success to every client, proxy, retry policy "
            "and dashboard. `JSONResponse(body, status)`: without its second argument it is 200; a `return` of a dict "
            "is 200, too."
        )
    if response.status == 500 and status < 500:
        if raised_by in ("request validation", "a validator"):
            return why_handler_failed(response)
        return f"A {status} became a 500: either no handler takes this error, or the handler itself failed" + (
            f". It was raised by {raised_by}." if raised_by else "."
        )
    if status == 500:
        return "An accident is a 500. Another status blames the caller, or tells clients not to try again."
    return (
        f"The status of this error is {status}. One handler serves all types, but the status is the type's "
        "(`error.status`), or the HTTP error's (`error.status_code`), not a constant."
    )


def why_not_json(response: Response, raised_by: str) -> str:
    """Why the body is not JSON."""
    if "Traceback" in response.text or "traceback" in response.text.lower():
        return (
            "The answer is a traceback for the caller to read: `debug` is on. It turns every crash into a listing of "
            "your source."
        )
    by = f" What was raised by {raised_by} has to be answered by your handler." if raised_by else ""
    return (
        f"The answer is not JSON: it is the framework's own page for a {response.status}, or an answer made without "
        f"`JSONResponse`.{by}"
    )


def why_other_shape(body: Any, raised_by: str) -> str:
    """Why the body is JSON of another shape."""
    if isinstance(body, dict) and "detail" in body and "error" not in body:
        who = {
            "the router": (
                "The router raises Starlette's `HTTPException`; FastAPI's is a subclass, so a handler for FastAPI's "
                "misses it."
            ),
            "request validation": (
                "`RequestValidationError` has a handler of FastAPI's own until you register one for exactly this "
                "class; it is not an `HTTPException`, and neither Pydantic's `ValidationError` nor a parent class "
                "replaces it."
            ),
            "`raise HTTPException`": "No handler of yours takes `HTTPException`.",
        }.get(raised_by, "No handler of yours takes this error.")
        return f"This is the framework's own shape, with `detail`. {who}"
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        return (
            "The members are nested: `error` is a text, and `message` and `correlation_id` stand beside it, not "
            "inside it."
        )
    if isinstance(body, dict) and isinstance(body.get("message"), (list, dict)):
        return (
            "`message` is a sentence. What is more than a sentence (a list of members that don't fit) goes into a "
            "further member."
        )
    if isinstance(body, dict):
        gone = [f"`{name}`" for name in ("error", "message", "correlation_id") if not isinstance(body.get(name), str)]
        where = (
            " Not every request brings an id: read the one that it has here, `correlation_id.get()`."
            if gone == ["`correlation_id`"]
            else ""
        )
        return (
            f"{' and '.join(gone)} {'is' if len(gone) == 1 else 'are'} missing, or not text. "
            f"One function should make every error's body.{where}"
        )
    return "The body is not a JSON object."


def why_not_theirs(response: Response) -> str:
    """Why nonsense from outside was not answered with 400 or 422."""
    if response.status >= 500:
        return (
            "Nonsense from a caller became a 500: what they sent ended up in the answer, or in a handler that could "
            "not digest it."
        )
    return "A body that can't be read is the caller's mistake: 400 or 422."


def why_handler_failed(response: Response) -> str:
    """Why a refusal became a 500, or another status."""
    if response.status < 500:
        return "This request does not fit its model and has to be refused with 422."
    return (
        "The error handler itself failed, so a mistake of the caller's became a 500. `error.errors()` holds what was "
        "sent (`input`: JSON has no `NaN`) and live exceptions (`ctx`): pick `loc` and `type` instead of passing it "
        "on."
    )


def why_echo(response: Response, value: str) -> str:
    """Why a value that was sent comes back: the part of the answer that repeats it."""
    for path, text in _texts(response.json):
        if value not in text:
            continue
        member = path[-1] if path else ""
        if member == "input":
            return (
                "`input` repeats what was sent; when a member is missing it is the whole body, password included. "
                "Leave it out."
            )
        if member == "body":
            return "`error.body` is the whole request; it went back to the caller. Leave it out."
        if "validation error" in text:
            return "`str(error)` of a validation error lists every value that was sent. Build the message yourself."
        if member == "msg" or "Value error" in text:
            return (
                "The text of a validator (`msg`) quotes the value. Say which member (`loc`) and what kind of misfit "
                "(`type`)."
            )
        return f"`{'.'.join(path)}` repeats what was sent. Say which member does not fit, not what was in it."
    return "What was sent comes back. Say which member does not fit, not what was in it."


def why_not_findable(logs: Logs, told: list[Failure], detail: str) -> str:
    """Why no record has the stack, the text and the id; `told` are those with the stack and the text."""
    if [failure for failure in told if not failure.by_server]:
        return (
            "The service logs the stack, but not with the request's id: nobody finds it from the id that the caller "
            "was told."
        )
    if "NoneType: None" in logs.text:
        return (
            "The record says `NoneType: None` instead of a stack. A handler that is a plain `def` runs in a worker "
            "thread, where there is no current exception: pass it, `exc_info=error`."
        )
    mentioned = [line for line in logs.lines if detail in line and not any(line in failure.text for failure in told)]
    if mentioned:
        return "The accident is logged without its stack: `str(error)` says what, not where. Pass `exc_info=error`."
    if told:
        return (
            "Your handler answers and does not log. The only trace is the server's own record (it sees what escapes "
            "the app), and it lacks the request's id: nobody finds it from what the caller was told."
        )
    return (
        "The accident left no trace in the log: an exception that is caught and neither logged nor raised again has "
        "not happened."
    )


def why_middleware(response: Response) -> str:
    """Why what a middleware raised was not answered by its type."""
    if response.status == 500:
        return (
            "What a middleware raises passes the handlers by: they live further inside. Your boundary has to stand "
            "around that middleware and answer by the error's type; an answer of 500 for everything makes an accident "
            "of a conflict."
        )
    return (
        "A middleware raised the conflict error, and the answer is another one: the boundary answers by the error's "
        "type."
    )


def why_clean_end(response: Response) -> str:
    """Why the stream failed and the client was not told."""
    if response.status >= 400:
        return (
            "The answer was held back until the stream had failed. That makes every download wait for its end and "
            "fill the memory; pass each message on at once, and let a late failure break the transfer."
        )
    if '"correlation_id"' in response.text or '"error"' in response.text:
        return (
            "An error was written into a body that had already begun: to the client it is a complete file with "
            "garbage at its end. When the answer has started, don't send anything more; raise."
        )
    return (
        "The stream failed half-way and still ended cleanly: the client has half a file, status 200, and no way to "
        "tell. Whatever catches the exception has to raise it again when the answer has started; "
        '`@app.middleware("http")` (BaseHTTPMiddleware) ends the body in any case, so write the boundary as a plain '
        "ASGI class."
    )


def _texts(value: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], str]]:
    """Every value in a JSON body as text, each with the names of the members that lead to it."""
    if isinstance(value, dict):
        inside = [item for key, part in value.items() for item in _texts(part, (*path, str(key)))]
        return [(_up_to(_up_to(place, "input"), "body"), text) for place, text in inside]
    if isinstance(value, list):
        return [item for part in value for item in _texts(part, path)]
    return [(path, str(value))]


def _up_to(path: tuple[str, ...], name: str) -> tuple[str, ...]:
    """The path, cut behind the member `name`: what lies in a repeated input has names of its own."""
    return path[: path.index(name) + 1] if name in path else path
