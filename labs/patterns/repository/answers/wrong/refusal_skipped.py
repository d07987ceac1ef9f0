"""Whoever the database refuses for another reason is left out

exercise: import_users
check: test_import_survives_accidents
cause: left out in silence
"""
async def import_users(engine, people):
    from sqlalchemy import insert

    rows = []
    async with unit_of_work(engine) as session:
        for new in people:
            values = {**new.model_dump(exclude={"password"}), "password_hash": hash_password(new.password)}
            try:
                rows.append(await session.scalar(insert(UserRow).values(values).returning(UserRow)))
            except IntegrityError as error:
                if "UNIQUE" in str(error):
                    raise ConflictError("taken") from None
    return rows
