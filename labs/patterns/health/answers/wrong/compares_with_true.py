"""The verdict looks for True where the checks say "ok"

exercise: readiness
check: test_ready_when_all_is_well
cause: readiness does not say 200
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
        task.add_done_callback(lambda late: late.cancelled() or late.exception())
    return checks


def ready(checks):
    good = all(outcome is True for outcome in checks.values())
    return JSONResponse({"status": "ready" if good else "not ready", "checks": checks}, 200 if good else 503)
