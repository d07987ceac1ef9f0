"""A client that decodes answers: text instead of bytes, and MGET, SETEX and GETDEL where others take GET, SET and DEL.
"""

# %% read_user
TTL = 200
ABSENT_TTL = 60


def open_redis(url):
    return Redis.from_url(url, decode_responses=True, socket_timeout=0.3, socket_connect_timeout=0.3)


async def read_user(redis, key, load):
    [text] = await redis.mget(key)
    if text:
        data = json.loads(text)
        return User(**data["user"]) if data["user"] else None
    row = await load()
    user = User.model_validate(row).model_dump() if row else None
    seconds = round(TTL * random.uniform(0.8, 1.2)) if row else ABSENT_TTL
    await redis.setex(key, seconds, json.dumps({"user": user}))
    return row


# %% write_user
async def write_user(redis, key, change):
    row = await change()
    await redis.unlink(key)
    return row


# %% crowd
class Crowd:
    def __init__(self, redis):
        self.redis = redis
        self.loads = {}

    async def read(self, user_id, read_key):
        key = await self.key(user_id)
        task = self.loads.get(key)
        if task is None:
            task = self.loads[key] = asyncio.create_task(read_key(key))
            task.add_done_callback(lambda _: self.loads.pop(key))
        return await asyncio.shield(task)

    async def write(self, user_id, write_key):
        try:
            return await write_key(await self.key(user_id))
        finally:
            await self.redis.setex(f"generation:{user_id}", 3600, secrets.token_hex(4))

    async def key(self, user_id):
        return f"user:{user_id}:{await self.redis.get(f'generation:{user_id}')}"
