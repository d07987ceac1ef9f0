"""The generation's key has no expiry.

exercise: crowd
check: test_every_key_of_a_write_expires
cause: never expires
"""

class Crowd:
    def __init__(self, redis):
        self.redis = redis
        self.loads = {}

    async def read(self, user_id, read_key):
        generation = await self.redis.get(f"user:{user_id}:generation") or b""
        key = f"user:{user_id}:{generation.decode()}"
        task = self.loads.get(key)
        if task is None:
            task = self.loads[key] = asyncio.create_task(read_key(key))
            task.add_done_callback(lambda _: self.loads.pop(key))
        return await asyncio.shield(task)

    async def write(self, user_id, write_key):
        generation = await self.redis.get(f"user:{user_id}:generation") or b""
        key = f"user:{user_id}:{generation.decode()}"
        row = await write_key(key)
        await self.redis.set(f"user:{user_id}:generation", secrets.token_hex(8))
        return row
