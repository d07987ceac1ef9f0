"""A session of each write's own, opened where it is used, from a hand-written container

exercise: writes
"""
from contextlib import asynccontextmanager as context


class Work:
    def __init__(self, session, redis):
        self.session, self.users, self.orders = session, Users(session, redis), Orders(session)


@context
async def work(resources):
    async with AsyncSession(resources.engine, expire_on_commit=False) as session, session.begin():
        yield Work(session, resources.redis)


def add_writes(app):
    @app.post("/users", status_code=201)
    async def create_user(new: NewUser, resources: FromLifespan) -> User:
        async with work(resources) as unit:
            user = await unit.users.add(new)
        return user

    @app.delete("/users/{user_id}", status_code=204)
    async def delete_user(user_id: int, resources: FromLifespan) -> None:
        async with work(resources) as unit:
            await unit.orders.remove_all_of(user_id)
            await unit.users.remove(user_id)
        await unit.users.forget(user_id)
