"""No shared rounds: eight connections at most for all probes, whoever gets none in time says failed."""

# %% readiness
from redis.asyncio import BlockingConnectionPool


def probes_redis(health):
    if not hasattr(health, "probes_redis"):
        pool = BlockingConnectionPool.from_url(
            os.environ["REDIS_URL"],
            max_connections=8,
            timeout=0.5,
            socket_timeout=0.5,
            socket_connect_timeout=0.5,
        )
        health.probes_redis = Redis(connection_pool=pool)
    return health.probes_redis


async def ask_database(health):
    async with health.engine.connect() as connection:
        (await connection.execute(text("SELECT id FROM users ORDER BY id LIMIT 1"))).first()


async def ask_cache(health):
    await probes_redis(health).ping()


async def ask_all(health):
    checks = dict.fromkeys(("database", "cache"), "failed")

    async def note(name, question):
        try:
            await question
        except Exception as error:
            log.warning("%s failed: %r", name, error)
        else:
            checks[name] = "ok"

    tasks = [
        asyncio.create_task(note("database", ask_database(health))),
        asyncio.create_task(note("cache", ask_cache(health))),
    ]
    _, pending = await asyncio.wait(tasks, timeout=1.2)
    for task in pending:
        task.cancel()
    return dict(checks)


def ready(checks):
    return JSONResponse(
        {"status": "not ready", "checks": checks} if "failed" in checks.values() else {"status": "ready"},
        503 if "failed" in checks.values() else 200,
    )


# %% crowd
async def ask_together(health):
    return await ask_all(health)
