"""One function for both: liveness is readiness

exercise: alive
check: test_live_asks_nobody
cause: don't ask, and there is nothing to catch
"""


async def live(health):
    return ready(await ask_all(health))
