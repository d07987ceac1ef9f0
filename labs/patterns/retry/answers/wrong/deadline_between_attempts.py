"""No attempt starts after the deadline, and one that has started goes on as long as it likes.

exercise: with_retries
check: test_everything_in_time
cause: sends its answer byte by byte
"""


def is_transient(error):
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in (429, 502, 503, 504)
    return isinstance(error, httpx.TransportError)


async def with_retries(attempt, may_retry):
    retrying = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(is_transient),
        stop=tenacity.stop_after_attempt(3) | tenacity.stop_before_delay(DEADLINE) | (lambda state: not may_retry()),
        wait=lambda state: seconds_to_wait(state.attempt_number, state.outcome.exception()),
        after=lambda state: log.warning("attempt %d failed", state.attempt_number),
        reraise=True,
    )
    return await retrying(attempt)
