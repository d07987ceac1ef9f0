"""No single flight.

exercise: crowd
check: test_a_crowd_loads_once
cause: look whether somebody is loading it already
"""

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
