"""Only host and port of the URL are used

exercise: resources
check: test_configuration_is_read_at_start
cause: pass all of it on as the client's base URL
"""
from urllib.parse import urlsplit


async def open_resources():
    return Resources(
        engine=create_async_engine(os.environ["DATABASE_URL"]),
        redis=Redis.from_url(os.environ["REDIS_URL"], socket_timeout=0.25, socket_connect_timeout=0.25),
        http=httpx.AsyncClient(base_url="http://" + urlsplit(os.environ["DOWNSTREAM_URL"]).netloc, timeout=2.0),
    )


async def close_resources(resources):
    await resources.http.aclose()
    await resources.redis.aclose()
    await resources.engine.dispose()
