"""add stores what every user has, and forgets the age

exercise: users
check: test_user_comes_back
cause: stores all that it was given
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
        total = await self.session.scalar(select(func.count()).select_from(UserRow))
        return list(rows), total

    async def add(self, new, password_hash):
        row = UserRow(name=new.name, email=new.email, password_hash=password_hash)
        self.session.add(row)
        await self._flush()
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
