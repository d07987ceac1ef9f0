"""A circuit breaker for the whole process in place of the budget; it fails fast while open, and lets one call through to see."""
# %% with_retries
class Breaker:
    def __init__(self):
        self.failures = 0
        self.open_until = 0.0
        self.probing = False

    def allows(self):
        if self.failures < 10:
            return True
        if time.monotonic() < self.open_until or self.probing:
            return False
        self.probing = True
        return True

    def succeeded(self):
        self.failures, self.probing = 0, False

    def failed(self):
        self.failures += 1
        self.probing = False
        if self.failures >= 10:
            self.open_until = time.monotonic() + 1.0


class Open(httpx.TransportError):
    pass


def is_transient(error):
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in (429, 502, 503, 504)
    return isinstance(error, httpx.TransportError) and not isinstance(error, Open)


async def with_retries(attempt, may_retry):
    breaker = may_retry.__self__.budget.breaker

    async def guarded():
        if not breaker.allows():
            raise Open("the breaker is open")
        try:
            answer = await attempt()
        except BaseException as error:
            if is_transient(error) or isinstance(error, asyncio.CancelledError):
                breaker.failed()
            else:
                breaker.succeeded()
            raise
        breaker.succeeded()
        return answer

    retrying = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(is_transient),
        stop=tenacity.stop_after_attempt(3) | tenacity.stop_before_delay(DEADLINE),
        wait=lambda state: seconds_to_wait(state.attempt_number, state.outcome.exception()),
        after=lambda state: log.warning("attempt %d failed", state.attempt_number),
        reraise=True,
    )
    async with asyncio.timeout(DEADLINE):
        return await retrying(guarded)


# %% retry_budget
class RetryBudget:
    def __init__(self):
        self.breaker = Breaker()

    def earn(self):
        pass

    def spend(self):
        return True
