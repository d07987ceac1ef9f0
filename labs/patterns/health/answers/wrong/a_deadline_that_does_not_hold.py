"""asyncio.timeout around the question to the database

exercise: readiness
check: test_a_hang_has_a_deadline
cause: asyncio.wait(tasks, timeout=…) does
"""


async def ask_database(health):
    async with health.engine.connect() as connection:
        await connection.execute(text("SELECT id FROM users LIMIT 1"))


async def ask_cache(health):
    await health.redis.ping()


async def outcome(question):
    try:
        async with asyncio.timeout(DEADLINE):
            await question
    except Exception:
        return "failed"
    return "ok"


async def ask_all(health):
    database, cache = await asyncio.gather(outcome(ask_database(health)), outcome(ask_cache(health)))
    return {"database": database, "cache": cache}


def ready(checks):
    if all(outcome == "ok" for outcome in checks.values()):
        return JSONResponse({"status": "ready", "checks": checks})
    return JSONResponse({"status": "not ready", "checks": checks}, 503)
