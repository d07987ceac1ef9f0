"""A lifespan of its own without a stack: nested `async with` and `try`, a task group's worth of care."""
# %% start_and_stop
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


@asynccontextmanager
async def lifespan(app):
    settings = app.state.settings
    engine = engine_for(settings)
    redis = Redis.from_url(settings.redis_url, **REDIS_OPTIONS)
    try:
        async with httpx.AsyncClient(**http_options(settings)) as http:
            health = Health({"database": lambda: ask_table(engine), "cache": redis.ping}, settings)
            app.state.initialising = asyncio.create_task(health.initialise())
            sessions = async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
            app.state.resources = Resources(settings, sessions, Copies(redis), Downstream(http), health)
            try:
                yield
            finally:
                app.state.initialising.cancel()
                await asyncio.gather(app.state.initialising, return_exceptions=True)
    finally:
        try:
            await redis.aclose()
        finally:
            await engine.dispose()
