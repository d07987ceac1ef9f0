"""The whole row is stored, with the password's hash.

exercise: read_user
check: test_only_what_is_answered_is_stored
cause: store what you answer, not what you loaded
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
        await redis.set(key, ABSENT, ex=ABSENT_TTL)
        return None
    user = User.model_validate(row)
    columns = {column.name: getattr(row, column.name) for column in UserRow.__table__.columns}
    await redis.set(key, json.dumps(columns, default=str), ex=TTL + random.randrange(TTL // 5))
    return user
