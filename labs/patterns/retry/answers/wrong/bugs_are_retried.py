"""Reads the body inside what is repeated, and repeats on ValueError.

exercise: with_retries
check: test_nonsense_is_a_bad_gateway
cause: retry faults of the network, and name the exceptions
"""


def is_transient(error):
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in (429, 502, 503, 504)
    return isinstance(error, (httpx.TransportError, ValueError, KeyError, TypeError))


async def with_retries(attempt, may_retry):
    async def read():
        answer = await attempt()
        if answer.request.method == "GET":
            answer.json()["price"]
        return answer

    retrying = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(is_transient),
        stop=tenacity.stop_after_attempt(3) | tenacity.stop_before_delay(DEADLINE) | (lambda state: not may_retry()),
        wait=lambda state: seconds_to_wait(state.attempt_number, state.outcome.exception()),
        after=lambda state: log.warning("attempt %d failed", state.attempt_number),
        reraise=True,
    )
    async with asyncio.timeout(DEADLINE):
        return await retrying(read)
