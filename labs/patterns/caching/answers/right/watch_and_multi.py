"""A generation that a reader watches while it loads; its MULTI fails when a writer came between. Locks in the process.
"""

# %% read_user
TTL = 300
ABSENT_TTL = 30
ABSENT = b"absent"


def open_redis(url):
    return Redis.from_url(url, socket_timeout=0.25, socket_connect_timeout=0.25)


async def read_user(redis, key, load):
    found, user = look_at(await redis.get(key))
    if found:
        return user
    async with redis.pipeline(transaction=True) as pipeline:
        await pipeline.watch(f"{key}:written")
        row = await load()
        pipeline.multi()
        if row is None:
            pipeline.set(key, ABSENT, ex=ABSENT_TTL)
        else:
            text = json.dumps({"id": row.id, "name": row.name, "email": row.email})
            pipeline.set(key, text, ex=random.randrange(TTL, TTL * 2))
        try:
            await pipeline.execute()
        except WatchError:
            pass  # the row may be older than what a writer has committed: answer it, don't store it
    return row


def look_at(copy):
    if copy is None:
        return False, None
    if copy == ABSENT:
        return True, None
    return True, User.model_validate(json.loads(copy))


from redis.exceptions import WatchError


# %% write_user
async def write_user(redis, key, change):
    row = await change()
    async with redis.pipeline(transaction=True) as pipeline:
        pipeline.incr(f"{key}:written").expire(f"{key}:written", 3600).unlink(key)
        await pipeline.execute()
    return row


# %% crowd
class Crowd:
    def __init__(self, redis):
        self.redis = redis
        self.locks = {}

    async def read(self, user_id, read_key):
        key = f"user:{user_id}"
        try:
            found, user = look_at(await self.redis.get(key))
        except UNREADABLE:
            found = False
        if found:
            return user
        lock, waiting = self.locks.get(key, (asyncio.Lock(), 0))
        self.locks[key] = lock, waiting + 1
        try:
            async with lock:
                return await read_key(key)
        finally:
            lock, waiting = self.locks[key]
            if waiting == 1:
                del self.locks[key]
            else:
                self.locks[key] = lock, waiting - 1

    async def write(self, user_id, write_key):
        return await write_key(f"user:{user_id}")
