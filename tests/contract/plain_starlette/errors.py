"""Every error as one answer."""

import logging
from http import HTTPStatus

from sqlalchemy import exc
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from .logs import correlation, say

KINDS = {
    400: ("BAD_REQUEST", "The body can't be read as JSON."),
    401: ("UNAUTHORIZED", "Valid credentials are needed."),
    402: ("PAYMENT_DECLINED", "The card was declined."),
    404: ("NOT_FOUND", "There is no such thing."),
    405: ("METHOD_NOT_ALLOWED", "This method is not offered here."),
    409: ("CONFLICT", "That does not go with what is there."),
    413: ("PAYLOAD_TOO_LARGE", "The body is too large."),
    422: ("VALIDATION_ERROR", "Something does not fit."),
    500: ("INTERNAL_ERROR", "Something went wrong."),
    502: ("BAD_GATEWAY", "Another service gave no usable answer."),
    503: ("UNAVAILABLE", "This is unavailable now."),
    504: ("TIMEOUT", "Another service took too long."),
}


class Problem(Exception):
    def __init__(self, status, message=None, /, headers=None, logged=False, **members):
        super().__init__(f"{status} {message or ''}".strip())
        self.status, self.message, self.headers, self.members = status, message, headers, members
        self.logged = logged


def unfit(**problems):
    """The 422: which members do not fit, and why; never what was sent."""
    details = [{"field": name, "problem": text} for name, text in problems.items()]
    named = ", ".join(problems)
    return Problem(422, f"These do not fit: {named}.", details=details)


def error_answer(error: Exception) -> Response:
    headers, message, members, logged = None, None, {}, False
    if isinstance(error, Problem):
        status, message, headers, members = error.status, error.message, error.headers, error.members
        logged = error.logged
    elif isinstance(error, HTTPException):
        status, headers = error.status_code, error.headers
    elif isinstance(error, exc.TimeoutError) or (
        isinstance(error, exc.DBAPIError)
        and not isinstance(error, (exc.IntegrityError, exc.DataError, exc.ProgrammingError, exc.NotSupportedError))
    ):
        status = 503
    else:
        status = 500
    if status >= 500 and not logged:
        say(logging.ERROR, "request_failed", error, status_code=status)
    kind, usual = KINDS.get(status) or (HTTPStatus(status).name, HTTPStatus(status).phrase)
    body = {**members, "error": kind, "message": message or usual, "correlation_id": correlation.get()}
    return JSONResponse(body, status, headers=headers)
