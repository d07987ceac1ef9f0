"""Asks whether the address is free, then writes

exercise: users
check: test_somebody_was_faster
cause: A look before the write
"""
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

    async def free(self, email, but=None):
        owner = await self.session.scalar(select(UserRow.id).where(UserRow.email == email))
        if owner is not None and owner != but:
            raise ConflictError("This e-mail address is taken.")

    async def add(self, new, password_hash):
        await self.free(new.email)
        row = UserRow(name=new.name, email=new.email, age=new.age, password_hash=password_hash)
        self.session.add(row)
        await self.session.flush()
        return row

    async def update(self, user_id, person):
        row = await self.get(user_id)
        await self.free(person.email, but=user_id)
        row.name, row.email = person.name, person.email
        await self.session.flush()
        return row
