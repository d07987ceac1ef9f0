"""Puts the exception's text into the answer.

exercise: answer_for
check: test_nothing_internal_gets_out
cause: The text of the error went out
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
    answer = BadGateway()
    answer.message = f"downstream failed: {error}"
    return answer
