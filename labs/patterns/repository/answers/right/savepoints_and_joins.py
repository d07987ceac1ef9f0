"""A real BEGIN, a savepoint for each write, joinedload, and WAL
"""
# %% unit_of_work
@asynccontextmanager
async def unit_of_work(engine):
    async with engine.connect() as connection, connection.begin():
        # A session that takes part in a transaction which somebody else ends.
        async with AsyncSession(connection, expire_on_commit=False, join_transaction_mode="rollback_only") as session:
            yield session
            await session.flush()
# %% users
class Users:
    def __init__(self, session):
        self.session = session

    async def get(self, user_id):
        try:
            return await self.session.get_one(UserRow, user_id)
        except Exception as error:
            if type(error).__name__ != "NoResultFound":
                raise
            raise NotFoundError("There is no such user.") from None

    async def page(self, number, size):
        ordered = select(UserRow).order_by(UserRow.created_at.desc(), UserRow.id.desc())
        total = await self.session.scalar(select(func.count()).select_from(ordered.subquery()))
        return (await self.session.scalars(ordered.offset((number - 1) * size).limit(size))).all(), total

    async def add(self, new, password_hash):
        row = UserRow(name=new.name, email=new.email, age=new.age, password_hash=password_hash)
        try:
            async with self.session.begin_nested():
                self.session.add(row)
        except IntegrityError:
            raise ConflictError("taken") from None
        return row

    async def update(self, user_id, person):
        row = await self.get(user_id)
        try:
            async with self.session.begin_nested():
                row.name, row.email = person.name, person.email
        except IntegrityError:
            raise ConflictError("taken") from None
        return row
# %% lists
from sqlalchemy.orm import joinedload


async def orders_of(session, user_id):
    user = await session.get(UserRow, user_id, options=[joinedload(UserRow.orders)])
    if user is None:
        raise NotFoundError("There is no such user.")
    return user.orders


async def newest_customers(session, limit):
    newest = select(UserRow).order_by(UserRow.created_at.desc(), UserRow.id.desc()).limit(limit)
    return (await session.scalars(newest.options(joinedload(UserRow.orders)))).unique().all()
# %% references
def enforce_references(engine):
    @event.listens_for(engine.sync_engine, "connect")
    def connected(connection, record):
        connection.isolation_level = None
        for name in ("foreign_keys = ON", "journal_mode = WAL", "busy_timeout = 4000"):
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA {name}")
            cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begun(connection):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


async def remove_user(session, user_id):
    await session.delete(await Users(session).get(user_id))
