"""The checks have other names

exercise: readiness
check: test_cache_down_is_named
cause: say ok or failed for database and for cache
"""


async def ask_database(health):
    async with health.engine.connect() as connection:
        await connection.execute(text("SELECT id FROM users LIMIT 1"))


async def ask_cache(health):
    await health.redis.ping()


async def ask_all(health):
    tasks = {
        "sqlite": asyncio.create_task(ask_database(health)),
        "redis": asyncio.create_task(ask_cache(health)),
    }
    await asyncio.wait(tasks.values(), timeout=DEADLINE)
    checks = {}
    for name, task in tasks.items():
        checks[name] = "ok" if task.done() and task.exception() is None else "failed"
        task.cancel()
    return checks


def ready(checks):
    if all(outcome == "ok" for outcome in checks.values()):
        return JSONResponse({"status": "ready", "checks": checks})
    return JSONResponse({"status": "not ready", "checks": checks}, 503)
