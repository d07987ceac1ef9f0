"""Whatever can't be read is "not found".

exercise: reread_user
check: test_an_unreadable_copy_is_a_miss
cause: Only the one value that you chose
"""

async def reread_user(trouble, redis, key, load):
    await redis.delete(key)
    return None
