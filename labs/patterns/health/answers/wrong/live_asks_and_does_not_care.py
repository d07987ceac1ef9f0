"""Liveness pings Redis for half a second and ignores what comes of it

exercise: alive
check: test_live_asks_nobody
cause: don't ask, and there is nothing to catch
"""


async def live(health):
    try:
        await asyncio.wait_for(health.redis.ping(), 0.5)
    except Exception:
        log.warning("redis is away")
    return JSONResponse({"status": "alive"})
