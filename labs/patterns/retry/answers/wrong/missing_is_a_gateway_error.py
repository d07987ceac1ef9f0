"""A 404 from downstream is one more bad gateway.

exercise: answer_for
check: test_last_error_decides
cause: Downstream says that there is no such thing
"""


def answer_for(error):
    if isinstance(error, (TimeoutError, httpx.TimeoutException)):
        return TookTooLong()
    if isinstance(error, httpx.TransportError):
        return Unavailable()
    if isinstance(error, httpx.HTTPStatusError):
        status = error.response.status_code
        if status == 504:
            return TookTooLong()
        if status in (429, 503):
            return Unavailable(error.response.headers.get("Retry-After"))
    return BadGateway()
