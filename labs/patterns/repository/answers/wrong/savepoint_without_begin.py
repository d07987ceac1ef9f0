"""A savepoint for each user, which the driver sends without a BEGIN

exercise: import_users
check: test_import_is_all_or_nothing
cause: sends its SAVEPOINT without a BEGIN
"""
async def import_users(engine, people):
    rows = []
    async with unit_of_work(engine) as session:
        for new in people:
            async with session.begin_nested():
                rows.append(await Users(session).add(new, hash_password(new.password)))
    return rows
