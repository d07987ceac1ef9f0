"""Nobody listens: 502, as a proxy says it.

exercise: answer_for
check: test_closed_port
cause: httpx.ConnectError came out in another form
"""


def answer_for(error):
    if isinstance(error, (TimeoutError, httpx.TimeoutException)):
        return TookTooLong()
    if isinstance(error, httpx.ConnectError):
        return BadGateway()
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
