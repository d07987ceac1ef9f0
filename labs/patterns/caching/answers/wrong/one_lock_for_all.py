"""One lock for everybody.

exercise: crowd
check: test_users_do_not_wait_for_each_other
cause: one lock for all of them
"""

class Crowd:
    def __init__(self, redis):
        self.redis = redis
        self.lock = asyncio.Lock()

    async def read(self, user_id, read_key):
        generation = await self.redis.get(f"user:{user_id}:generation") or b""
        key = f"user:{user_id}:{generation.decode()}"
        async with self.lock:
            return await read_key(key)

    async def write(self, user_id, write_key):
        generation = await self.redis.get(f"user:{user_id}:generation") or b""
        key = f"user:{user_id}:{generation.decode()}"
        row = await write_key(key)
        await self.redis.set(f"user:{user_id}:generation", secrets.token_hex(8), ex=3600)
        return row
