"""The `await` in front of the `set` is missing.

exercise: read_user
check: test_a_miss_is_loaded_and_stored
cause: Nothing is in Redis after a read: `await redis.set(key, ...)`
"""

TTL = 300
ABSENT_TTL = 30
ABSENT = b"absent"


def open_redis(url):
    return Redis.from_url(url, socket_timeout=0.25, socket_connect_timeout=0.25)


async def read_user(redis, key, load):
    copy = await redis.get(key)
    if copy == ABSENT:
        return None
    if copy is not None:
        return User.model_validate_json(copy)
    row = await load()
    if row is None:
        redis.set(key, ABSENT, ex=ABSENT_TTL)
        return None
    user = User.model_validate(row)
    redis.set(key, user.model_dump_json(), ex=TTL + random.randrange(TTL // 5))
    return user
