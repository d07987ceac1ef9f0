"""An unreadable copy is a 500, so that somebody notices.

exercise: reread_user
check: test_an_unreadable_copy_is_a_miss
cause: An unreadable copy is not a copy
"""

async def reread_user(trouble, redis, key, load):
    logger.error("unreadable copy under %s", key)
    raise RuntimeError(f"unreadable copy under {key}") from trouble
