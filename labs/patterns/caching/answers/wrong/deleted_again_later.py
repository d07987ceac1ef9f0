"""The copy is deleted a second time two seconds later.

exercise: crowd
check: test_a_slow_reader_does_not_put_yesterday_back
cause: A slow reader stored the old row
"""

class Crowd:
    def __init__(self, redis):
        self.redis = redis
        self.loads = {}
        self.later = set()

    async def read(self, user_id, read_key):
        task = self.loads.get(user_id)
        if task is None:
            task = self.loads[user_id] = asyncio.create_task(read_key(f"user:{user_id}"))
            task.add_done_callback(lambda done: self.loads.get(user_id) is done and self.loads.pop(user_id))
        return await asyncio.shield(task)

    async def write(self, user_id, write_key):
        row = await write_key(f"user:{user_id}")
        self.loads.pop(user_id, None)
        task = asyncio.create_task(self.delete_again(user_id))
        self.later.add(task)
        task.add_done_callback(self.later.discard)
        return row

    async def delete_again(self, user_id):
        await asyncio.sleep(2)
        await self.redis.delete(f"user:{user_id}")
