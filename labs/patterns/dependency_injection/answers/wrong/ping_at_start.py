"""Start makes sure that Redis is there

exercise: resources
check: test_starts_alone
cause: start connects to one of them
"""
async def open_resources():
    redis = Redis.from_url(os.environ["REDIS_URL"], socket_timeout=0.25, socket_connect_timeout=0.25)
    await redis.ping()
    return Resources(
        engine=create_async_engine(os.environ["DATABASE_URL"]),
        redis=redis,
        http=httpx.AsyncClient(base_url=os.environ["DOWNSTREAM_URL"], timeout=2.0),
    )


async def close_resources(resources):
    await resources.http.aclose()
    await resources.redis.aclose()
    await resources.engine.dispose()
