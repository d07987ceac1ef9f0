"""A loop of one's own against a clock, each attempt cut to what is left.

exercise: with_retries
"""
TRANSIENT = {429, 502, 503, 504}


def is_transient(error):
    response = getattr(error, "response", None)
    if response is not None:
        return response.status_code in TRANSIENT
    return isinstance(error, (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError, TimeoutError))


async def with_retries(attempt, may_retry):
    end = time.monotonic() + DEADLINE
    number = 0
    while True:
        number += 1
        try:
            return await asyncio.wait_for(attempt(), max(0.01, end - time.monotonic()))
        except (httpx.HTTPError, TimeoutError) as error:
            log.info("downstream: attempt %d of 3 came to nothing (%r)", number, error)
            if number == 3 or not is_transient(error):
                raise
            seconds = seconds_to_wait(number, error)
            if time.monotonic() + seconds >= end or not may_retry():
                raise
        await asyncio.sleep(seconds)
