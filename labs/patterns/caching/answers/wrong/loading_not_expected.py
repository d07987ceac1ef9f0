"""Only a lost connection counts as "away"; an answer of Redis that is an error goes to the client.

exercise: without_cache
check: test_an_error_from_redis_is_survived
cause: Redis failed, and the read failed with it
"""

from redis.exceptions import BusyLoadingError


async def without_cache(trouble, ask):
    if isinstance(trouble, BusyLoadingError):
        raise trouble
    return await ask()
