"""The seed's policy: no `retry=`, so every exception is repeated.

exercise: with_retries
check: test_final_errors_are_asked_once
cause: Without retry= tenacity repeats every exception
"""


def is_transient(error):
    return isinstance(error, Exception)


async def with_retries(attempt, may_retry):
    retrying = tenacity.AsyncRetrying(
        stop=tenacity.stop_after_attempt(3) | tenacity.stop_before_delay(DEADLINE) | (lambda state: not may_retry()),
        wait=lambda state: seconds_to_wait(state.attempt_number, state.outcome.exception()),
        after=lambda state: log.warning("attempt %d failed", state.attempt_number),
        reraise=True,
    )
    async with asyncio.timeout(DEADLINE):
        return await retrying(attempt)
