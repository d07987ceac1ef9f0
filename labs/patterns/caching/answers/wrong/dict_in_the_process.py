"""A dict in the process in front of Redis.

exercise: read_user
check: test_an_expired_copy_is_loaded_again
cause: kept in the process
"""

TTL = 300
ABSENT_TTL = 30
ABSENT = b"absent"


def open_redis(url):
    return Redis.from_url(url, socket_timeout=0.25, socket_connect_timeout=0.25)


known = {}


async def read_user(redis, key, load):
    if key in known:
        return known[key]
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
    known[key] = user
    await redis.set(key, user.model_dump_json(), ex=TTL + random.randrange(TTL // 5))
    return user
