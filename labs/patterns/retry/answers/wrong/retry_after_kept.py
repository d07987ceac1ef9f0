"""Keeps downstream's Retry-After to itself.

exercise: answer_for
check: test_caller_is_told_when
cause: pass its Retry-After on
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
            return Unavailable()
    return BadGateway()
