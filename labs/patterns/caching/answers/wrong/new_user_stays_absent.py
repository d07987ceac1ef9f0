"""Absence has a key of its own, which no write deletes.

check: test_a_new_user_is_seen_at_once
cause: the remembered absence has to go
"""

# %% read_user
TTL = 300
ABSENT_TTL = 30
ABSENT = b"absent"


def open_redis(url):
    return Redis.from_url(url, socket_timeout=0.25, socket_connect_timeout=0.25)


async def read_user(redis, key, load):
    if await redis.exists(f"absent:{key}"):
        return None
    copy = await redis.get(key)
    if copy is not None:
        return User.model_validate_json(copy)
    row = await load()
    if row is None:
        await redis.set(f"absent:{key}", ABSENT, ex=ABSENT_TTL)
        return None
    user = User.model_validate(row)
    await redis.set(key, user.model_dump_json(), ex=TTL + random.randrange(TTL // 5))
    return user


# %% crowd
class Crowd:
    def __init__(self, redis):
        raise NotImplementedError
