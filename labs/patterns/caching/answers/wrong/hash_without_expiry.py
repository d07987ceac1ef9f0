"""A hash, whose expiry is a second command that nobody wrote.

exercise: read_user
check: test_a_copy_expires
cause: EXPIRE
"""

TTL = 300
ABSENT_TTL = 30
ABSENT = b"absent"


def open_redis(url):
    return Redis.from_url(url, socket_timeout=0.25, socket_connect_timeout=0.25)


async def read_user(redis, key, load):
    fields = await redis.hgetall(key)
    if b"absent" in fields:
        return None
    if fields:
        return User.model_validate({name.decode(): value.decode() for name, value in fields.items()})
    row = await load()
    if row is None:
        await redis.hset(key, "absent", "1")
        await redis.expire(key, ABSENT_TTL)
        return None
    user = User.model_validate(row)
    await redis.hset(key, mapping=user.model_dump())
    return user
