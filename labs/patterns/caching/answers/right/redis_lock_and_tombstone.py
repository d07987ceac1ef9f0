"""A lock in Redis for the crowd; a write leaves a tombstone, and while it stands nobody stores anything.
"""

# %% read_user
TTL = 300
ABSENT_TTL = 30
ABSENT = b"absent"

TOMBSTONE = b"gone"


def open_redis(url):
    return Redis.from_url(url, socket_timeout=0.25, socket_connect_timeout=0.25)


async def read_user(redis, key, load):
    copy = await redis.get(key)
    if copy == TOMBSTONE:
        return await load()
    if copy is not None:
        return decode(copy)
    async with redis.lock(f"{key}:lock", timeout=2, sleep=0.01, blocking_timeout=1):
        copy = await redis.get(key)
        if copy is not None and copy != TOMBSTONE:
            return decode(copy)
        row = await load()
        value, seconds = ABSENT, ABSENT_TTL
        if row is not None:
            value, seconds = User.model_validate(row).model_dump_json(), TTL + random.randint(0, 60)
        await redis.set(key, value, ex=seconds, nx=True)
        return row


def decode(copy):
    return None if copy == ABSENT else User.model_validate_json(copy)


# %% write_user
async def write_user(redis, key, change):
    row = await change()
    await redis.set(key, TOMBSTONE, ex=5)  # longer than any reader is under way
    return row


# %% crowd
class Crowd:
    def __init__(self, redis):
        pass

    async def read(self, user_id, read_key):
        return await read_key(f"user:{user_id}")

    async def write(self, user_id, write_key):
        return await write_key(f"user:{user_id}")
