"""The engine commits every statement

exercise: resources
check: test_error_rolls_back
cause: something committed before the failure
"""
async def open_resources():
    return Resources(
        engine=create_async_engine(os.environ["DATABASE_URL"], isolation_level="AUTOCOMMIT"),
        redis=Redis.from_url(os.environ["REDIS_URL"], socket_timeout=0.25, socket_connect_timeout=0.25),
        http=httpx.AsyncClient(base_url=os.environ["DOWNSTREAM_URL"], timeout=2.0),
    )


async def close_resources(resources):
    await resources.http.aclose()
    await resources.redis.aclose()
    await resources.engine.dispose()
