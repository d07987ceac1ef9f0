"""Once one has failed the other is not asked

exercise: readiness
check: test_ready_recovers
cause: only one is named
"""


async def ask_database(health):
    async with health.engine.connect() as connection:
        await connection.execute(text("SELECT id FROM users LIMIT 1"))


async def ask_cache(health):
    await health.redis.ping()


async def ask_all(health):
    checks = {"database": "ok", "cache": "ok"}
    for name, question in (("database", ask_database), ("cache", ask_cache)):
        task = asyncio.create_task(question(health))
        await asyncio.wait([task], timeout=DEADLINE)
        if not task.done() or task.exception():
            checks[name] = "failed"
            task.cancel()
            break
    return checks


def ready(checks):
    if all(outcome == "ok" for outcome in checks.values()):
        return JSONResponse({"status": "ready", "checks": checks})
    return JSONResponse({"status": "not ready", "checks": checks}, 503)
