"""Once Redis has failed it is not asked again.

check: test_redis_is_used_again
cause: nobody looks again
"""

# %% read_user
redis_works = True


TTL = 300
ABSENT_TTL = 30
ABSENT = b"absent"


def open_redis(url):
    return Redis.from_url(url, socket_timeout=0.25, socket_connect_timeout=0.25)


async def read_user(redis, key, load):
    if not redis_works:
        return await load()
    copy = await redis.get(key)
    if copy == ABSENT:
        return None
    if copy is not None:
        return User.model_validate_json(copy)
    row = await load()
    if row is None:
        await redis.set(key, ABSENT, ex=ABSENT_TTL)
        return None
    user = User.model_validate(row)
    await redis.set(key, user.model_dump_json(), ex=TTL + random.randrange(TTL // 5))
    return user


# %% without_cache
async def without_cache(trouble, ask):
    global redis_works
    redis_works = False
    return await ask()
