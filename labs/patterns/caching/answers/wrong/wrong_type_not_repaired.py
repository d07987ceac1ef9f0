"""Only text is repaired; a key of another type stays.

exercise: reread_user
check: test_another_type_is_a_miss
cause: The list is still under the key
"""

async def reread_user(trouble, redis, key, load):
    if isinstance(trouble, ResponseError):
        return await load()
    await redis.delete(key)
    return await read_user(redis, key, load)
