"""Start looks for the tables

exercise: resources
check: test_starts_alone
cause: start connects to one of them
"""
async def open_resources():
    engine = create_async_engine(os.environ["DATABASE_URL"])
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1 FROM users"))
    return Resources(
        engine=engine,
        redis=Redis.from_url(os.environ["REDIS_URL"], socket_timeout=0.25, socket_connect_timeout=0.25),
        http=httpx.AsyncClient(base_url=os.environ["DOWNSTREAM_URL"], timeout=2.0),
    )


async def close_resources(resources):
    await resources.http.aclose()
    await resources.redis.aclose()
    await resources.engine.dispose()
