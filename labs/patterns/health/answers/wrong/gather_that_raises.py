"""A gather that raises: one failure, and nobody knows about the other

exercise: readiness
check: test_cache_down_is_named
cause: takes the other's good answer with it
"""


async def ask_database(health):
    async with health.engine.connect() as connection:
        await connection.execute(text("SELECT id FROM users LIMIT 1"))


async def ask_cache(health):
    await health.redis.ping()


async def ask_all(health):
    try:
        async with asyncio.timeout(DEADLINE):
            await asyncio.gather(ask_database(health), ask_cache(health))
    except Exception:
        return {"database": "failed", "cache": "failed"}
    return {"database": "ok", "cache": "ok"}


def ready(checks):
    if all(outcome == "ok" for outcome in checks.values()):
        return JSONResponse({"status": "ready", "checks": checks})
    return JSONResponse({"status": "not ready", "checks": checks}, 503)
