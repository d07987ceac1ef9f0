"""Addresses that are taken are skipped

exercise: import_users
check: test_import_is_all_or_nothing
cause: left out in silence
"""
async def import_users(engine, people):
    from sqlalchemy.dialects.sqlite import insert

    rows = []
    async with unit_of_work(engine) as session:
        for new in people:
            values = {**new.model_dump(exclude={"password"}), "password_hash": hash_password(new.password)}
            rows.append(await session.scalar(insert(UserRow).values(values).on_conflict_do_nothing().returning(UserRow)))
    return [row for row in rows if row is not None]
