"""Only a changed user's copy goes; a deleted one's stays.

check: test_a_deleted_user_is_gone_at_once
cause: old copy is still answered after a `DELETE`
"""

# %% write_user
async def write_user(redis, key, change):
    row = await change()
    if row is not None:
        await redis.delete(key)
    return row


# %% crowd
class Crowd:
    def __init__(self, redis):
        raise NotImplementedError
