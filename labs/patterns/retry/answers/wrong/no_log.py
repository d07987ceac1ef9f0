"""Nothing in the log.

exercise: with_retries
check: test_each_failed_attempt_is_logged
cause: looks in the log like one that needed none
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
        reraise=True,
    )
    async with asyncio.timeout(DEADLINE):
        return await retrying(attempt)
