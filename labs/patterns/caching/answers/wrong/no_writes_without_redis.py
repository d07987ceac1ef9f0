"""A write is refused while nobody could be told that the copies are old.

exercise: crowd
check: test_writes_survive_without_redis
cause: Redis failed, and the `PUT` failed with it
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
        try:
            generation = await self.redis.get(f"user:{user_id}:generation") or b""
        except RedisError:
            raise HTTPException(503, "try again later") from None
        row = await write_key(f"user:{user_id}:{generation.decode()}")
        await self.redis.set(f"user:{user_id}:generation", secrets.token_hex(8), ex=3600)
        return row
