"""The engine is disposed of by a coroutine that nobody awaits.

exercise: start_and_stop
check: test_stops_and_closes
cause: makes a coroutine that nobody runs
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
    stack.callback(engine.dispose)
    redis = Redis.from_url(settings.redis_url, **REDIS_OPTIONS)
    stack.push_async_callback(redis.aclose)
    http = httpx.AsyncClient(**http_options(settings))
    stack.push_async_callback(http.aclose)
    health = Health({"database": lambda: ask_table(engine), "cache": redis.ping}, settings)
    initialising = asyncio.create_task(health.initialise())
    stack.callback(initialising.cancel)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    KEPT.append(engine)
    return Resources(settings, sessions, Copies(redis), Downstream(http), health)


KEPT = []  # as a module that keeps its engine in a global does
