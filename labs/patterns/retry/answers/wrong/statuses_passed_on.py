"""Hands downstream's 4xx and 500 on as they are.

exercise: answer_for
check: test_last_error_decides
cause: Another team's 4xx or 500 was handed on
"""


def answer_for(error):
    if isinstance(error, (TimeoutError, httpx.TimeoutException)):
        return TookTooLong()
    if isinstance(error, httpx.TransportError):
        return Unavailable()
    if isinstance(error, httpx.HTTPStatusError):
        status = error.response.status_code
        if status == 404:
            return NotFound()
        if status == 504:
            return TookTooLong()
        if status in (429, 503):
            return Unavailable(error.response.headers.get("Retry-After"))
        if status != 502:
            answer = ServiceError()
            answer.status, answer.error = status, "INTERNAL_ERROR"
            return answer
    return BadGateway()
