"""Any refused write is taken for "nobody there".

exercise: write_user
check: test_a_refused_write_changes_nothing
cause: an absence was stored
"""

async def write_user(redis, key, change):
    try:
        row = await change()
    except HTTPException:
        await redis.set(key, ABSENT, ex=ABSENT_TTL)
        raise
    await redis.delete(key)
    return row
