"""Absence is stored as JSON's null, and `null` is parsed as a user.

exercise: read_user
check: test_nobody_is_remembered
cause: asked the database again
"""

TTL = 300
ABSENT_TTL = 30
ABSENT = b"absent"


def open_redis(url):
    return Redis.from_url(url, socket_timeout=0.25, socket_connect_timeout=0.25)


async def read_user(redis, key, load):
    copy = await redis.get(key)
    if copy is not None:
        return User.model_validate_json(copy)
    row = await load()
    if row is None:
        await redis.set(key, json.dumps(None), ex=ABSENT_TTL)
        return None
    user = User.model_validate(row)
    await redis.set(key, user.model_dump_json(), ex=TTL + random.randrange(TTL // 5))
    return user
