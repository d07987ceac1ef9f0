"""The copy is deleted, then the row is changed.

check: test_the_copy_goes_after_the_commit
cause: dropped before the change was committed
"""

# %% write_user
async def write_user(redis, key, change):
    await redis.delete(key)
    return await change()


# %% crowd
class Crowd:
    def __init__(self, redis):
        raise NotImplementedError
