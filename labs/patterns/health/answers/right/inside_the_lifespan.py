"""The port opens when initialisation is done; clients of the probes' own with short time-outs; gather and wait_for."""


# %% starting
@asynccontextmanager
async def lifespan(app):
    engine = create_async_engine(os.environ["DATABASE_URL"], connect_args={"timeout": 0.4})
    redis = Redis.from_url(os.environ["REDIS_URL"], socket_timeout=0.4, socket_connect_timeout=0.4)
    app.state.health = Health(engine, redis, None)
    app.state.initialisation = asyncio.ensure_future(initialise(app.state.health))
    await app.state.initialisation
    yield
    await redis.aclose()
    await engine.dispose()


async def initialise(health):
    attempts = 0
    while True:
        try:
            await health.warm_up()
        except ConnectionError:
            attempts += 1
            await asyncio.sleep(min(0.1 * 2**attempts, 0.9))
        else:
            break
    health.started = True


async def startup(health):
    return JSONResponse({"started": True})


# %% readiness
async def ask_database(health):
    async with health.engine.connect() as connection:
        await connection.exec_driver_sql("SELECT 1 FROM users LIMIT 1")


async def ask_cache(health):
    await health.redis.get("health")


async def outcome(question):
    try:
        await asyncio.wait_for(question, 0.6)
    except Exception:
        return "failed"
    return "ok"


async def ask_all(health):
    database, cache = await asyncio.gather(outcome(ask_database(health)), outcome(ask_cache(health)))
    return {"cache": cache, "database": database}


def ready(checks):
    good = set(checks.values()) == {"ok"}
    return JSONResponse({"checks": checks, "status": "ok" if good else "not ready"}, 200 if good else 503)
