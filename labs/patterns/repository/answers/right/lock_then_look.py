"""Every transaction begins with BEGIN IMMEDIATE, and whoever has the lock may look first
"""
# %% unit_of_work
@asynccontextmanager
async def unit_of_work(engine):
    session = AsyncSession(engine, expire_on_commit=False)
    try:
        yield session
        await session.commit()
    except BaseException:
        await session.rollback()
        raise
    finally:
        await session.close()
# %% users
class Users:
    def __init__(self, session):
        self.session = session

    async def get(self, user_id):
        return await self.session.get(UserRow, user_id) or self.nobody()

    def nobody(self):
        raise NotFoundError("There is no such user.")

    async def page(self, number, size):
        rows = await self.session.scalars(
            select(UserRow).order_by(UserRow.created_at.desc(), UserRow.id.desc()).slice(size * (number - 1), size * number)
        )
        return rows.all(), await self.session.scalar(select(func.count()).select_from(UserRow))

    async def free(self, email, but=None):
        owner = await self.session.scalar(select(UserRow.id).where(UserRow.email == email))
        if owner not in (None, but):
            raise ConflictError("taken")

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
        return row
# %% references
def enforce_references(engine):
    @event.listens_for(engine.sync_engine, "connect")
    def connected(connection, record):
        connection.isolation_level = None  # the driver begins nothing by itself

    @event.listens_for(engine.sync_engine, "begin")
    def begun(connection):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


async def remove_user(session, user_id):
    row = await Users(session).get(user_id)
    for order in await session.scalars(select(OrderRow).where(OrderRow.user_id == user_id)):
        await session.delete(order)
    await session.flush()
    await session.delete(row)
