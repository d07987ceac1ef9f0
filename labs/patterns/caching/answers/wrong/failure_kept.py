"""A load that failed stays in the dict.

exercise: crowd
check: test_a_failed_load_is_over
cause: the load that failed before is still handed out
"""

class Crowd:
    def __init__(self, redis):
        self.redis = redis
        self.loads = {}

    async def read(self, user_id, read_key):
        generation = await self.redis.get(f"user:{user_id}:generation") or b""
        key = f"user:{user_id}:{generation.decode()}"
        if key not in self.loads:
            self.loads[key] = asyncio.create_task(read_key(key))
        row = await asyncio.shield(self.loads[key])
        self.loads.pop(key, None)
        return row

    async def write(self, user_id, write_key):
        generation = await self.redis.get(f"user:{user_id}:generation") or b""
        key = f"user:{user_id}:{generation.decode()}"
        row = await write_key(key)
        await self.redis.set(f"user:{user_id}:generation", secrets.token_hex(8), ex=3600)
        return row
