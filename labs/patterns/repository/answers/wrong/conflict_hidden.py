"""Somebody with this address is there, so that is who comes back

check: test_taken_is_a_conflict
cause: nobody may be told that it was
"""
# %% unit_of_work
@asynccontextmanager
async def unit_of_work(engine):
    async with AsyncSession(engine, expire_on_commit=False) as session:
        yield session
        await session.commit()
# %% users
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
        row = UserRow(name=new.name, email=new.email, age=new.age, password_hash=password_hash)
        self.session.add(row)
        try:
            await self.session.flush()
        except IntegrityError:
            await self.session.rollback()
            return await self.session.scalar(select(UserRow).where(UserRow.email == new.email))
        return row

    async def update(self, user_id, person):
        row = await self.get(user_id)
        row.name, row.email = person.name, person.email
        await self._flush()
        return row

    async def _flush(self):
        try:
            await self.session.flush()
        except IntegrityError:
            raise ConflictError("This e-mail address is taken.") from None
