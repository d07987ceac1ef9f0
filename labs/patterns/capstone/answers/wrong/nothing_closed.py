"""What start opens nobody closes.

exercise: start_and_stop
check: test_stops_and_closes
cause: close what you have opened
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
    redis = Redis.from_url(settings.redis_url, **REDIS_OPTIONS)
    http = httpx.AsyncClient(**http_options(settings))
    health = Health({"database": lambda: ask_table(engine), "cache": redis.ping}, settings)
    initialising = asyncio.create_task(health.initialise())
    stack.callback(initialising.cancel)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    KEPT.append((redis, http))
    return Resources(settings, sessions, Copies(redis), Downstream(http), health)


KEPT = []  # as a module that keeps its clients in globals does
