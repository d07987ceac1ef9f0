"""A unit of work as a class of its own, with a conflict that is translated where the unit ends
"""
# %% unit_of_work
class unit_of_work:
    def __init__(self, engine):
        self.engine = engine

    async def __aenter__(self):
        self.session = AsyncSession(self.engine, expire_on_commit=False, autoflush=False)
        return self.session

    async def __aexit__(self, kind, error, stack):
        try:
            if kind is None:
                await self.session.commit()
            else:
                await self.session.rollback()
                if kind is IntegrityError:
                    raise ConflictError("taken") from None
        except IntegrityError:
            raise ConflictError("taken") from None
        finally:
            await asyncio.shield(self.session.close())
# %% users
class Users:
    def __init__(self, session):
        self.session = session

    async def get(self, user_id):
        found = (await self.session.scalars(select(UserRow).where(UserRow.id == user_id))).one_or_none()
        if found is None:
            raise NotFoundError(f"There is no such user.")
        return found

    async def page(self, number, size):
        numbered = select(UserRow, func.count().over()).order_by(UserRow.created_at.desc(), UserRow.id.desc())
        rows = (await self.session.execute(numbered.limit(size).offset((number - 1) * size))).all()
        if not rows:
            return [], await self.session.scalar(select(func.count(UserRow.id)))
        return [row for row, _ in rows], rows[0][1]

    async def add(self, new, password_hash):
        row = UserRow(name=new.name, email=new.email, age=new.age, password_hash=password_hash)
        self.session.add(row)
        return row  # inserted by the commit, where the unit of work translates

    async def update(self, user_id, person):
        row = await self.get(user_id)
        row.email = person.email
        row.name = person.name
        return row
# %% import_users
async def import_users(engine, people):
    async with unit_of_work(engine) as session:
        users = Users(session)
        rows = []
        for new in people:
            rows.append(await users.add(new, await asyncio.to_thread(hash_password, new.password)))
            await session.flush()
    return rows
