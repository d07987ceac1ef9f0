"""One function for both: liveness is readiness

exercise: alive
check: test_live_asks_nobody
cause: liveness asks one of them
"""


async def live(health):
    return ready(await ask_all(health))
