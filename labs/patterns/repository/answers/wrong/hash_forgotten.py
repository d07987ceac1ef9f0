"""The import takes a shortcut around the hash

exercise: import_users
check: test_import_keeps_all
cause: The password itself is in the column
"""
async def import_users(engine, people):
    async with unit_of_work(engine) as session:
        users = Users(session)
        return [await users.add(new, new.password) for new in people]
