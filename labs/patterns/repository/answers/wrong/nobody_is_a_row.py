"""One INSERT for all, and for none

exercise: import_users
check: test_import_keeps_all
cause: inserts one of default values
"""
from sqlalchemy import insert


async def import_users(engine, people):
    rows = [
        {**new.model_dump(exclude={"password"}), "password_hash": await asyncio.to_thread(hash_password, new.password)}
        for new in people
    ]
    async with unit_of_work(engine) as session:
        try:
            users = await session.scalars(insert(UserRow).returning(UserRow, sort_by_parameter_order=True), rows)
        except IntegrityError:
            raise ConflictError("An e-mail address is taken.") from None
        return list(users)
