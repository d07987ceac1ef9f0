"""Counts retries where tenacity counts attempts.

exercise: with_retries
check: test_two_faults_are_hidden
cause: stop_after_attempt counts the first one, too
"""


def is_transient(error):
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in (429, 502, 503, 504)
    return isinstance(error, httpx.TransportError)


async def with_retries(attempt, may_retry):
    retrying = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(is_transient),
        stop=tenacity.stop_after_attempt(2),
        wait=lambda state: seconds_to_wait(state.attempt_number, state.outcome.exception()),
        after=lambda state: log.warning("attempt %d failed", state.attempt_number),
        reraise=True,
    )
    async with asyncio.timeout(DEADLINE):
        return await retrying(attempt)
