"""The answer does not say which dependency failed

exercise: readiness
check: test_cache_down_is_named
cause: lacks checks
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
        checks[name] = "ok" if task.done() and task.exception() is None else "failed"
        task.cancel()
    return checks


def ready(checks):
    return JSONResponse({}, 200 if set(checks.values()) == {"ok"} else 503)
