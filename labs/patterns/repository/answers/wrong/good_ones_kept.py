"""The unit ends well and the conflict is raised afterwards

exercise: import_users
check: test_import_is_all_or_nothing
cause: an error that does not leave the unit
"""
async def import_users(engine, people):
    rows, taken = [], False
    async with unit_of_work(engine) as session:
        for new in people:
            owner = await session.scalar(select(UserRow.id).where(UserRow.email == new.email))
            if owner:
                taken = True
            else:
                rows.append(await Users(session).add(new, hash_password(new.password)))
    if taken:
        raise ConflictError("Some of the addresses are taken.")
    return rows
