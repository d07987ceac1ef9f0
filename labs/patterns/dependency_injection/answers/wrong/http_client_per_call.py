"""A new HTTP client for each call

exercise: resources
check: test_connections_are_shared
cause: connections to downstream: a client is made for each request
"""
class Calls:
    async def get(self, path, **options):
        async with httpx.AsyncClient(base_url=os.environ["DOWNSTREAM_URL"]) as client:
            return await client.get(path, **options)

    async def aclose(self):
        pass


async def open_resources():
    return Resources(
        engine=create_async_engine(os.environ["DATABASE_URL"]),
        redis=Redis.from_url(os.environ["REDIS_URL"], socket_timeout=0.25, socket_connect_timeout=0.25),
        http=Calls(),
    )


async def close_resources(resources):
    await resources.http.aclose()
    await resources.redis.aclose()
    await resources.engine.dispose()
