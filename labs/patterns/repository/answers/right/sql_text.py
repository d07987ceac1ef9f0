"""SQL as text in module functions, one join for the customers, both deletions by hand
"""
# %% users
from sqlalchemy import text

NEWEST = "ORDER BY created_at DESC, id DESC"


async def write(session, sql, **values):
    try:
        return (await session.execute(text(sql), values)).one_or_none()
    except IntegrityError as error:
        raise ConflictError("taken") from error


async def one_user(session, user_id):
    row = (await session.execute(text("SELECT * FROM users WHERE id = :id"), {"id": user_id})).one_or_none()
    if not row:
        raise NotFoundError("nobody")
    return row


class Users:
    def __init__(self, session):
        self.get = lambda user_id: one_user(session, user_id)
        self.session = session

    async def page(self, number, size):
        query = text(f"SELECT * FROM users {NEWEST} LIMIT :size OFFSET :skip")
        rows = (await self.session.execute(query, {"size": size, "skip": (number - 1) * size})).all()
        return rows, (await self.session.execute(text("SELECT count(*) FROM users"))).scalar_one()

    async def add(self, new, password_hash):
        sql = "INSERT INTO users (name, email, age, password_hash) VALUES (:name, :email, :age, :hash) RETURNING *"
        return await write(self.session, sql, name=new.name, email=new.email, age=new.age, hash=password_hash)

    async def update(self, user_id, person):
        sql = "UPDATE users SET name = :name, email = :email WHERE id = :id RETURNING *"
        row = await write(self.session, sql, name=person.name, email=person.email, id=user_id)
        if row is None:
            raise NotFoundError("nobody")
        return row
# %% lists
from itertools import groupby
from types import SimpleNamespace


async def orders_of(session, user_id):
    await one_user(session, user_id)
    sql = "SELECT * FROM orders WHERE user_id = :id ORDER BY created_at, id"
    return (await session.execute(text(sql), {"id": user_id})).all()


async def newest_customers(session, limit):
    sql = f"""
        SELECT u.id AS uid, u.name, u.email, o.* FROM (SELECT * FROM users {NEWEST} LIMIT :limit) AS u
        LEFT JOIN orders AS o ON o.user_id = u.id
        ORDER BY u.created_at DESC, u.id DESC, o.created_at, o.id"""
    found = []
    rows = (await session.execute(text(sql), {"limit": limit})).all()
    for uid, theirs in groupby(rows, key=lambda row: row.uid):
        theirs = list(theirs)
        orders = [row for row in theirs if row.user_id is not None]
        found.append(SimpleNamespace(id=uid, name=theirs[0].name, email=theirs[0].email, orders=orders))
    return found
# %% references
def enforce_references(engine):
    event.listen(
        engine.sync_engine, "connect", lambda connection, record: connection.execute("PRAGMA foreign_keys=ON").close()
    )


async def remove_user(session, user_id):
    await session.execute(text("DELETE FROM orders WHERE user_id = :id"), {"id": user_id})
    if (await session.execute(text("DELETE FROM users WHERE id = :id"), {"id": user_id})).rowcount != 1:
        raise NotFoundError("nobody")
