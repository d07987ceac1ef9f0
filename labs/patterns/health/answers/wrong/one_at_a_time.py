"""A lock lets one probe ask after the other

exercise: crowd
check: test_a_crowd_is_cheap_while_redis_hangs
cause: they wait for each other
"""


async def ask_together(health):
    if health.round is None:
        health.round = asyncio.Lock()
    async with health.round:
        return await ask_all(health)
