"""A synchronous Redis client inside async def

exercise: readiness
check: test_a_hang_has_a_deadline
cause: a blocking call
"""


import redis as blocking_redis

async def ask_database(health):
    async with health.engine.connect() as connection:
        await connection.execute(text("SELECT id FROM users LIMIT 1"))


async def ask_cache(health):
    if not hasattr(health, "blocking"):
        health.blocking = blocking_redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=1.5)
    health.blocking.ping()


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
    if all(outcome == "ok" for outcome in checks.values()):
        return JSONResponse({"status": "ready", "checks": checks})
    return JSONResponse({"status": "not ready", "checks": checks}, 503)
