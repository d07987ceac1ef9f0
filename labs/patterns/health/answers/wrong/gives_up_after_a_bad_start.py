"""Whether Redis is there is found out at the start, and a bad start is for ever

exercise: readiness
check: test_starts_without_its_dependencies
cause: what was tried once at the start has to be tried again
"""

given_lifespan = lifespan


@asynccontextmanager
async def lifespan(app):
    async with given_lifespan(app):
        try:
            await app.state.health.redis.ping()
        except Exception:
            app.state.health.redis = None
        yield


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
    if all(outcome == "ok" for outcome in checks.values()):
        return JSONResponse({"status": "ready", "checks": checks})
    return JSONResponse({"status": "not ready", "checks": checks}, 503)
