"""Asks whether the address is free, then upserts, so that nothing can raise

exercise: users
check: test_one_of_many_wins
cause: One of them has to get the address, and the others not
"""
from sqlalchemy.dialects.sqlite import insert


class Users:
    def __init__(self, session):
        self.session = session

    async def get(self, user_id):
        row = await self.session.get(UserRow, user_id)
        if row is None:
            raise NotFoundError("There is no such user.")
        return row

    async def page(self, number, size):
        newest_first = select(UserRow).order_by(UserRow.created_at.desc(), UserRow.id.desc())
        rows = await self.session.scalars(newest_first.limit(size).offset((number - 1) * size))
        return list(rows), await self.session.scalar(select(func.count()).select_from(UserRow))

    async def add(self, new, password_hash):
        if await self.session.scalar(select(UserRow.id).where(UserRow.email == new.email)) is not None:
            raise ConflictError("This e-mail address is taken.")
        values = {"name": new.name, "email": new.email, "age": new.age, "password_hash": password_hash}
        upsert = insert(UserRow).values(values).on_conflict_do_update(index_elements=["email"], set_=values)
        return await self.session.scalar(upsert.returning(UserRow))

    async def update(self, user_id, person):
        row = await self.get(user_id)
        row.name, row.email = person.name, person.email
        try:
            await self.session.flush()
        except IntegrityError:
            raise ConflictError("This e-mail address is taken.") from None
        return row
