"""A load that fails counts as "not found".

exercise: read_user
check: test_a_failure_is_not_stored
cause: An error while loading is not
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
    try:
        row = await load()
    except Exception:
        logger.exception("load failed")
        row = None
    if row is None:
        await redis.set(key, ABSENT, ex=ABSENT_TTL)
        return None
    user = User.model_validate(row)
    await redis.set(key, user.model_dump_json(), ex=TTL + random.randrange(TTL // 5))
    return user
