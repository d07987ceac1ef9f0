"""Every failure is a 503.

exercise: answer_for
check: test_last_error_decides
cause: look at what answer_for makes of that error
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
        if status in (429, 502, 503, 504):
            return Unavailable(error.response.headers.get("Retry-After"))
    return BadGateway()
