"""Everybody in the crowd asks for itself

exercise: crowd
check: test_a_crowd_is_cheap_while_redis_hangs
cause: each of them asks by itself
"""


async def ask_together(health):
    return await ask_all(health)
