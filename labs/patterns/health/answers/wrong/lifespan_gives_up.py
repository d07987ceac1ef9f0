"""The lifespan waits for the first attempt and fails with it

exercise: starting
check: test_a_failed_start_is_tried_again
cause: took the service with it
"""


@asynccontextmanager
async def lifespan(app):
    engine = create_async_engine(os.environ["DATABASE_URL"])
    redis = Redis.from_url(os.environ["REDIS_URL"])
    downstream = httpx.AsyncClient(verify=TLS)
    app.state.health = Health(engine, redis, downstream)
    app.state.initialisation = asyncio.create_task(initialise(app.state.health))
    await app.state.initialisation
    yield
    await redis.aclose()
    await engine.dispose()


async def initialise(health):
    await health.warm_up()
    health.started = True


async def startup(health):
    return JSONResponse({"started": health.started}, 200 if health.started else 503)
