"""Everybody at once, in one session

exercise: import_users
check: test_import_keeps_all
cause: Several tasks use one session at once
"""
async def import_users(engine, people):
    async with unit_of_work(engine) as session:
        users = Users(session)
        rows = await asyncio.gather(*(users.add(new, hash_password(new.password)) for new in people))
    return rows
