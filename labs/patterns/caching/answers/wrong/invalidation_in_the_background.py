"""The copy is deleted by a task that nobody waits for, so that writes are quick.

check: test_the_answer_comes_after_the_invalidation
cause: the copy is deleted in the background
"""

# %% write_user
async def write_user(redis, key, change):
    row = await change()
    BACKGROUND.append(asyncio.create_task(redis.delete(key)))
    return row


BACKGROUND = []


# %% crowd
class Crowd:
    def __init__(self, redis):
        raise NotImplementedError
