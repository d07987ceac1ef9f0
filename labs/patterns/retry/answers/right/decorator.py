"""tenacity's decorator on a local function, full jitter from tenacity, the deadline by asyncio.wait_for."""
# %% with_retries
def is_transient(error):
    match error:
        case httpx.HTTPStatusError(response=httpx.Response(status_code=429 | 502 | 503 | 504)):
            return True
        case httpx.TransportError():
            return True
    return False


async def with_retries(attempt, may_retry):
    usual = tenacity.wait_random_exponential(multiplier=0.2, max=1)

    def wait(state):
        error = state.outcome.exception()
        told = error.response.headers.get("Retry-After") if isinstance(error, httpx.HTTPStatusError) else None
        return pause(state.attempt_number, told) if told else usual(state)

    @tenacity.retry(
        retry=tenacity.retry_if_exception(lambda error: is_transient(error) and may_retry()),
        stop=tenacity.stop_any(tenacity.stop_after_attempt(3), tenacity.stop_before_delay(DEADLINE)),
        wait=wait,
        before_sleep=tenacity.before_sleep_log(log, logging.WARNING),
        reraise=True,
    )
    async def repeated():
        return await attempt()

    return await asyncio.wait_for(repeated(), DEADLINE)
