"""What the database said is what the caller is told

exercise: users
check: test_taken_is_a_conflict
cause: has the statement and its parameters
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

    async def add(self, new, password_hash):
        row = UserRow(name=new.name, email=new.email, age=new.age, password_hash=password_hash)
        self.session.add(row)
        return await self.flushed(row)

    async def update(self, user_id, person):
        row = await self.get(user_id)
        row.name, row.email = person.name, person.email
        return await self.flushed(row)

    async def flushed(self, row):
        try:
            await self.session.flush()
        except IntegrityError as error:
            raise ConflictError(str(error)) from error
        return row
