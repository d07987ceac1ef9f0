"""Readiness asks downstream, too.

exercise: start_and_stop
check: test_readiness_asks_the_right_ones
cause: their outage takes this service out
"""

def http_options(settings):
    return {
        "base_url": settings.downstream_url,
        "headers": {"Authorization": f"Bearer {settings.downstream_token}"},
        "timeout": ATTEMPT_SECONDS,
        "event_hooks": {"request": [send_correlation_id]},
        "verify": TLS,
        "trust_env": False,
    }


REDIS_OPTIONS = {"socket_timeout": 0.25, "socket_connect_timeout": 0.25}


async def ask_table(engine):
    async with engine.connect() as connection:
        await connection.execute(text("SELECT id FROM users LIMIT 1"))


async def open_resources(settings, stack):
    engine = engine_for(settings)
    stack.push_async_callback(engine.dispose)
    redis = Redis.from_url(settings.redis_url, **REDIS_OPTIONS)
    stack.push_async_callback(redis.aclose)
    http = await stack.enter_async_context(httpx.AsyncClient(**http_options(settings)))
    health = Health({"database": lambda: ask_table(engine), "cache": redis.ping, "downstream": lambda: http.get("/")}, settings)
    initialising = asyncio.create_task(health.initialise())
    stack.callback(initialising.cancel)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    return Resources(settings, sessions, Copies(redis), Downstream(http), health)
