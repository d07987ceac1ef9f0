"""Without Redis nobody is found.

exercise: without_cache
check: test_reads_survive_without_redis
cause: taken for
"""

async def without_cache(trouble, ask):
    logger.error("redis: %s", trouble)
    return None
