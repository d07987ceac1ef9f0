"""`time.sleep` in a coroutine.

exercise: with_retries
check: test_retry_after_is_obeyed
cause: something sleeps on the event loop
"""


def is_transient(error):
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in (429, 502, 503, 504)
    return isinstance(error, httpx.TransportError)


async def with_retries(attempt, may_retry):
    async with asyncio.timeout(DEADLINE):
        for number in (1, 2, 3):
            try:
                return await attempt()
            except httpx.HTTPError as error:
                log.warning("attempt %d failed", number)
                if number == 3 or not is_transient(error) or not may_retry():
                    raise
                seconds = seconds_to_wait(number, error)
                if seconds > DEADLINE - 0.5:
                    raise
                time.sleep(seconds)
