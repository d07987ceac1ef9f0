"""Whoever was stored before the failure is deleted again

exercise: import_users
check: test_import_is_all_or_nothing
cause: cleaning up by hand is not a rollback
"""
async def import_users(engine, people):
    rows = []
    try:
        for new in people:
            async with unit_of_work(engine) as session:
                rows.append(await Users(session).add(new, hash_password(new.password)))
    except ConflictError:
        with suppress(IntegrityError):
            async with unit_of_work(engine) as session:
                await session.execute(delete(UserRow).where(UserRow.id.in_([row.id for row in rows])))
        raise
    return rows
