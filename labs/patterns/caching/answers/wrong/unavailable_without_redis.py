"""Without Redis the service says 503.

exercise: without_cache
check: test_reads_survive_without_redis
cause: Redis failed, and the read failed with it
"""

async def without_cache(trouble, ask):
    raise HTTPException(503, "the cache is not available")
