"""Answers in the order of the names

exercise: import_users
check: test_import_keeps_all
cause: in the order in which they were sent
"""
async def import_users(engine, people):
    async with unit_of_work(engine) as session:
        for new in people:
            await Users(session).add(new, hash_password(new.password))
        emails = [new.email for new in people]
        query = select(UserRow).where(UserRow.email.in_(emails)).order_by(UserRow.id.desc())
        return list(await session.scalars(query))
