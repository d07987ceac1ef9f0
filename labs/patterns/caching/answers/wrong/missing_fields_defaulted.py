"""What the copy lacks is filled with defaults.

exercise: read_user
check: test_an_unreadable_copy_is_a_miss
cause: a user was made of it
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
        data = json.loads(copy)
        if not isinstance(data, dict):
            raise ValueError("no object")
        return User(id=data.get("id", 0), name=data.get("name", ""), email=data.get("email", ""))
    row = await load()
    if row is None:
        await redis.set(key, ABSENT, ex=ABSENT_TTL)
        return None
    user = User.model_validate(row)
    await redis.set(key, user.model_dump_json(), ex=TTL + random.randrange(TTL // 5))
    return user
