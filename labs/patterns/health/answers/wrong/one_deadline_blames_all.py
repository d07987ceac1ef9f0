"""One deadline around a gather: whoever hangs, all have failed

exercise: readiness
check: test_a_hang_has_a_deadline
cause: takes the other's good answer with it
"""


async def ask_database(health):
    async with health.engine.connect() as connection:
        await connection.execute(text("SELECT id FROM users LIMIT 1"))


async def ask_cache(health):
    await health.redis.ping()


async def ask_all(health):
    questions = asyncio.gather(ask_database(health), ask_cache(health), return_exceptions=True)
    done, _ = await asyncio.wait([questions], timeout=DEADLINE)
    if not done:
        questions.cancel()
        return {"database": "failed", "cache": "failed"}
    database, cache = ("failed" if isinstance(result, Exception) else "ok" for result in questions.result())
    return {"database": database, "cache": cache}


def ready(checks):
    if all(outcome == "ok" for outcome in checks.values()):
        return JSONResponse({"status": "ready", "checks": checks})
    return JSONResponse({"status": "not ready", "checks": checks}, 503)
