"""An unreadable copy is answered from the database and left where it is.

exercise: reread_user
check: test_an_unreadable_copy_is_replaced
cause: The unreadable copy is still there
"""

async def reread_user(trouble, redis, key, load):
    return await load()
