"""Liveness asks the database, and waits as long as it takes

exercise: alive
check: test_live_asks_nobody
cause: liveness asks one of them
"""


async def live(health):
    try:
        async with health.engine.connect() as connection:
            await connection.execute(text("SELECT id FROM users LIMIT 1"))
    except Exception:
        return JSONResponse({"status": "dead"}, 503)
    return JSONResponse({"status": "alive"})
