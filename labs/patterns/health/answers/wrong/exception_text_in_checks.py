"""The checks carry the exception's text

exercise: readiness
check: test_cache_down_is_named
cause: carries the exception's text
"""


async def ask_database(health):
    async with health.engine.connect() as connection:
        await connection.execute(text("SELECT id FROM users LIMIT 1"))


async def ask_cache(health):
    await health.redis.ping()


async def ask_all(health):
    tasks = {
        "database": asyncio.create_task(ask_database(health)),
        "cache": asyncio.create_task(ask_cache(health)),
    }
    await asyncio.wait(tasks.values(), timeout=DEADLINE)
    checks = {}
    for name, task in tasks.items():
        if not task.done():
            checks[name] = "failed"
            task.cancel()
        else:
            checks[name] = f"failed: {task.exception()}" if task.exception() else "ok"
    return checks


def ready(checks):
    if all(outcome == "ok" for outcome in checks.values()):
        return JSONResponse({"status": "ready", "checks": checks})
    return JSONResponse({"status": "not ready", "checks": checks}, 503)
