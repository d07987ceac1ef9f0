"""All at once, and as long as the clients take

exercise: readiness
check: test_a_hang_has_a_deadline
cause: did not answer within 2.5 s
"""


async def ask_database(health):
    async with health.engine.connect() as connection:
        await connection.execute(text("SELECT id FROM users LIMIT 1"))


async def ask_cache(health):
    await health.redis.ping()


async def ask_all(health):
    results = await asyncio.gather(ask_database(health), ask_cache(health), return_exceptions=True)
    return {
        name: "failed" if isinstance(result, Exception) else "ok"
        for name, result in zip(("database", "cache"), results, strict=True)
    }


def ready(checks):
    if all(outcome == "ok" for outcome in checks.values()):
        return JSONResponse({"status": "ready", "checks": checks})
    return JSONResponse({"status": "not ready", "checks": checks}, 503)
