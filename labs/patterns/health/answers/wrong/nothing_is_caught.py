"""What a question raises becomes a 500

exercise: readiness
check: test_cache_down_is_named
cause: not a crash
"""


async def ask_database(health):
    async with health.engine.connect() as connection:
        await connection.execute(text("SELECT id FROM users LIMIT 1"))


async def ask_cache(health):
    await health.redis.ping()


async def ask_all(health):
    await asyncio.wait_for(asyncio.gather(ask_database(health), ask_cache(health)), DEADLINE)
    return {"database": "ok", "cache": "ok"}


def ready(checks):
    if all(outcome == "ok" for outcome in checks.values()):
        return JSONResponse({"status": "ready", "checks": checks})
    return JSONResponse({"status": "not ready", "checks": checks}, 503)
