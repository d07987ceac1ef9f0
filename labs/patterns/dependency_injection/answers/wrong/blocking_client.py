"""The synchronous client behind an async face

exercise: resources
check: test_slow_downstream_stops_nobody
cause: the call blocks the event loop
"""
class Blocking:
    def __init__(self):
        self.client = httpx.Client(base_url=os.environ["DOWNSTREAM_URL"], timeout=2.5)

    async def get(self, path, **options):
        return self.client.get(path, **options)

    async def aclose(self):
        self.client.close()


async def open_resources():
    return Resources(
        engine=create_async_engine(os.environ["DATABASE_URL"]),
        redis=Redis.from_url(os.environ["REDIS_URL"], socket_timeout=0.25, socket_connect_timeout=0.25),
        http=Blocking(),
    )


async def close_resources(resources):
    await resources.http.aclose()
    await resources.redis.aclose()
    await resources.engine.dispose()
