"""Writes don't touch the cache.

check: test_a_change_is_seen_at_once
cause: old copy is still answered after a `PUT`
"""

# %% write_user
async def write_user(redis, key, change):
    return await change()


# %% crowd
class Crowd:
    def __init__(self, redis):
        raise NotImplementedError
