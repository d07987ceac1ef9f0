"""Knows httpx's time-outs but not the deadline's TimeoutError.

exercise: answer_for
check: test_everything_in_time
cause: A time-out has to become a 504
"""


def answer_for(error):
    if isinstance(error, httpx.TimeoutException):
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
    return BadGateway()
