"""Everybody at once, each in a unit of work of their own

exercise: import_users
check: test_import_is_all_or_nothing
cause: before it failed
"""
async def import_users(engine, people):
    async def add(new):
        async with unit_of_work(engine) as session:
            return await Users(session).add(new, hash_password(new.password))

    return await asyncio.gather(*(add(new) for new in people))
