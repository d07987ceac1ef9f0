"""A new Redis client for each command, closed each time

exercise: resources
check: test_connections_are_shared
cause: connections to Redis: a client is made for each request
"""
class Commands:
    def __getattr__(self, name):
        async def send(*words, **options):
            async with Redis.from_url(os.environ["REDIS_URL"], socket_timeout=0.25) as redis:
                return await getattr(redis, name)(*words, **options)

        return send


async def open_resources():
    return Resources(
        engine=create_async_engine(os.environ["DATABASE_URL"]),
        redis=Commands(),
        http=httpx.AsyncClient(base_url=os.environ["DOWNSTREAM_URL"], timeout=2.0),
    )


async def close_resources(resources):
    await resources.http.aclose()
    await resources.redis.aclose()
    await resources.engine.dispose()
