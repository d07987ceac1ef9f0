"""One lock per user, for reads and writes alike: readers wait while somebody writes.

exercise: crowd
"""


class Crowd:
    def __init__(self, redis):
        self.locks = {}

    def lock(self, user_id):
        return self.locks.setdefault(user_id, asyncio.Lock())

    async def read(self, user_id, read_key):
        async with self.lock(user_id):
            return await read_key(f"user:{user_id}")

    async def write(self, user_id, write_key):
        async with self.lock(user_id):
            return await write_key(f"user:{user_id}")
