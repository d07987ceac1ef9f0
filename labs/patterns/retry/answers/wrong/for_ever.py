"""A wait, a retry, and no stop.

exercise: with_retries
check: test_three_attempts
cause: without a stop tenacity goes on for ever
"""


def is_transient(error):
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in (429, 502, 503, 504)
    return isinstance(error, httpx.TransportError)


async def with_retries(attempt, may_retry):
    retrying = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(is_transient),
        stop=tenacity.stop_before_delay(DEADLINE),
        wait=lambda state: seconds_to_wait(state.attempt_number, state.outcome.exception()),
        after=lambda state: log.warning("attempt %d failed", state.attempt_number),
        reraise=True,
    )
    async with asyncio.timeout(DEADLINE):
        return await retrying(attempt)
