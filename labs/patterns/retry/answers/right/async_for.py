"""tenacity as a loop: `async for` with a context manager for each attempt, and a stop that looks at the clock.

exercise: with_retries
"""


class Refused(tenacity.stop.stop_base):
    def __init__(self, may_retry):
        self.may_retry = may_retry

    def __call__(self, state):
        too_late = state.seconds_since_start + state.upcoming_sleep > DEADLINE
        return state.attempt_number >= ATTEMPTS or too_late or not self.may_retry()


def is_transient(error):
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code == 429 or 502 <= error.response.status_code <= 504
    return isinstance(error, httpx.RequestError)


async def with_retries(attempt, may_retry):
    async with asyncio.timeout(DEADLINE):
        async for trial in tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(is_transient),
            stop=Refused(may_retry),
            wait=lambda state: seconds_to_wait(state.attempt_number, state.outcome.exception()),
            before=lambda state: log.info("attempt %d", state.attempt_number),
            reraise=True,
        ):
            with trial:
                answer = await attempt()
    return answer
