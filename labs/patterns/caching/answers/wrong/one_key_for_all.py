"""The id is not part of the key.

exercise: crowd
check: test_a_hit_does_not_ask
cause: the id is not part of the key
"""

class Crowd:
    def __init__(self, redis):
        self.redis = redis

    async def read(self, user_id, read_key):
        return await read_key("user")

    async def write(self, user_id, write_key):
        return await write_key("user")
