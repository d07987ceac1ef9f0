"""Liveness pings Redis

exercise: alive
check: test_live_asks_nobody
cause: liveness asks one of them
"""


async def live(health):
    try:
        await health.redis.ping()
    except Exception:
        return JSONResponse({"status": "dead"}, 503)
    return JSONResponse({"status": "alive"})
