"""A lock per key, and whoever gets it loads, although the one before has stored a copy.

check: test_a_crowd_loads_once
cause: wait for that
"""

# %% read_user
from collections import defaultdict

TTL = 300
ABSENT_TTL = 30
ABSENT = b"absent"


def open_redis(url):
    return Redis.from_url(url, socket_timeout=0.25, socket_connect_timeout=0.25)


locks = defaultdict(asyncio.Lock)


async def read_user(redis, key, load):
    copy = await redis.get(key)
    if copy == ABSENT:
        return None
    if copy is not None:
        return User.model_validate_json(copy)
    async with locks[key]:
        row = await load()
    if row is None:
        await redis.set(key, ABSENT, ex=ABSENT_TTL)
        return None
    user = User.model_validate(row)
    await redis.set(key, user.model_dump_json(), ex=TTL + random.randrange(TTL // 5))
    return user


# %% crowd
class Crowd:
    def __init__(self, redis):
        self.redis = redis
        self.loads = {}

    async def read(self, user_id, read_key):
        generation = await self.redis.get(f"user:{user_id}:generation") or b""
        key = f"user:{user_id}:{generation.decode()}"
        return await read_key(key)

    async def write(self, user_id, write_key):
        generation = await self.redis.get(f"user:{user_id}:generation") or b""
        key = f"user:{user_id}:{generation.decode()}"
        row = await write_key(key)
        await self.redis.set(f"user:{user_id}:generation", secrets.token_hex(8), ex=3600)
        return row
