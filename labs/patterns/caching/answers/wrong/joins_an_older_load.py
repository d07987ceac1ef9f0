"""One load per user id: who comes after a write joins a load from before it.

exercise: crowd
check: test_a_read_after_a_write_sees_it
cause: begun before the write
"""

class Crowd:
    def __init__(self, redis):
        self.redis = redis
        self.loads = {}

    async def read(self, user_id, read_key):
        generation = await self.redis.get(f"user:{user_id}:generation") or b""
        key = f"user:{user_id}:{generation.decode()}"
        task = self.loads.get(user_id)
        if task is None:
            task = self.loads[user_id] = asyncio.create_task(read_key(key))
            task.add_done_callback(lambda _: self.loads.pop(user_id))
        return await asyncio.shield(task)

    async def write(self, user_id, write_key):
        generation = await self.redis.get(f"user:{user_id}:generation") or b""
        key = f"user:{user_id}:{generation.decode()}"
        row = await write_key(key)
        await self.redis.set(f"user:{user_id}:generation", secrets.token_hex(8), ex=3600)
        return row
