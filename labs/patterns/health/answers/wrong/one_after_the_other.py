"""Each question has its deadline, and they are asked in turn

exercise: readiness
check: test_a_hang_has_a_deadline
cause: asked one after the other
"""


async def ask_database(health):
    async with health.engine.connect() as connection:
        await connection.execute(text("SELECT id FROM users LIMIT 1"))


async def ask_cache(health):
    await health.redis.ping()


async def outcome(question):
    task = asyncio.create_task(question)
    await asyncio.wait([task], timeout=0.5)
    if task.done():
        return "failed" if task.exception() else "ok"
    task.cancel()
    return "failed"


async def ask_all(health):
    return {"database": await outcome(ask_database(health)), "cache": await outcome(ask_cache(health))}


def ready(checks):
    if all(outcome == "ok" for outcome in checks.values()):
        return JSONResponse({"status": "ready", "checks": checks})
    return JSONResponse({"status": "not ready", "checks": checks}, 503)
