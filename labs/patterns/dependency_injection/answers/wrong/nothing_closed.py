"""Nothing is closed: the process ends anyway

exercise: resources
check: test_closed_at_the_end
cause: connections to Redis are still open. What start opens, stop closes
"""
async def open_resources():
    return Resources(
        engine=create_async_engine(os.environ["DATABASE_URL"]),
        redis=Redis.from_url(os.environ["REDIS_URL"], socket_timeout=0.25, socket_connect_timeout=0.25),
        http=httpx.AsyncClient(base_url=os.environ["DOWNSTREAM_URL"], timeout=2.0),
    )


async def close_resources(resources):
    pass
