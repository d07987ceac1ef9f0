"""The generation changes before the commit: a reader in between stores the old row under the new key.

exercise: crowd
check: test_the_copy_goes_after_the_commit
cause: dropped before the change was committed
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
        generation = secrets.token_hex(8)
        await self.redis.set(f"user:{user_id}:generation", generation, ex=3600)
        return await write_key(f"user:{user_id}:gone")
