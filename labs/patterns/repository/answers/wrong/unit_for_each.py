"""A unit of work for each user of the import

exercise: import_users
check: test_import_is_all_or_nothing
cause: a unit of work for each
"""
async def import_users(engine, people):
    rows = []
    for new in people:
        async with unit_of_work(engine) as session:
            rows.append(await Users(session).add(new, hash_password(new.password)))
    return rows
