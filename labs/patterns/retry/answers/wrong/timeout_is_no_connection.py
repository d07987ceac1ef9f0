"""Asks for the family before the member: httpx's time-outs are transport errors, too.

exercise: answer_for
check: test_everything_in_time
cause: before it asks for `httpx.TransportError`
"""


def answer_for(error):
    if isinstance(error, httpx.TransportError):
        return Unavailable()
    if isinstance(error, (TimeoutError, httpx.TimeoutException)):
        return TookTooLong()
    if isinstance(error, httpx.HTTPStatusError):
        by_status = {404: NotFound, 504: TookTooLong, 429: Unavailable, 503: Unavailable}
        return by_status.get(error.response.status_code, BadGateway)(error.response.headers.get("Retry-After"))
    return BadGateway()
