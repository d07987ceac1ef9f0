"""A breaker that never looks whether it is over.

check: test_recovery
cause: A breaker has to let a call through now and then
"""
# %% with_retries
def is_transient(error):
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in (429, 502, 503, 504)
    return isinstance(error, httpx.TransportError)


class Open(httpx.TransportError):
    pass


async def with_retries(attempt, may_retry):
    budget = may_retry.__self__.budget
    if budget.failures >= 10:
        raise Open("open")

    async def counted():
        try:
            answer = await attempt()
        except httpx.HTTPError as error:
            budget.failures = budget.failures + 1 if is_transient(error) else 0
            raise
        budget.failures = 0
        return answer

    retrying = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(is_transient),
        stop=tenacity.stop_after_attempt(3) | tenacity.stop_before_delay(DEADLINE) | (lambda state: not may_retry()),
        wait=lambda state: seconds_to_wait(state.attempt_number, state.outcome.exception()),
        after=lambda state: log.warning("attempt %d failed", state.attempt_number),
        reraise=True,
    )
    async with asyncio.timeout(DEADLINE):
        return await retrying(counted)

# %% retry_budget
class RetryBudget:
    def __init__(self):
        self.failures = 0

    def earn(self):
        pass

    def spend(self):
        return self.failures < 10
