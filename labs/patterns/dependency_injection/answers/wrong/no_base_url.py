"""The HTTP client knows no base URL

exercise: resources
check: test_resources_arrive
cause: the client's base URL is not DOWNSTREAM_URL
"""
async def open_resources():
    return Resources(
        engine=create_async_engine(os.environ["DATABASE_URL"]),
        redis=Redis.from_url(os.environ["REDIS_URL"], socket_timeout=0.25, socket_connect_timeout=0.25),
        http=httpx.AsyncClient(timeout=2.0),
    )


async def close_resources(resources):
    await resources.http.aclose()
    await resources.redis.aclose()
    await resources.engine.dispose()
