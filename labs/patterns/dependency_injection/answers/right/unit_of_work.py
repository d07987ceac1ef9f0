"""The session commits in its dependency, with scope='function': after the route and before the answer
"""
# %% session
async def get_session(resources: FromLifespan):
    async with AsyncSession(resources.engine, expire_on_commit=False) as session:
        yield session
        await session.commit()


Session = Annotated[AsyncSession, Depends(get_session, scope="function")]


def get_users(session: Session, redis: Cache):
    return Users(session, redis)


def get_orders(session: Session):
    return Orders(session)
# %% writes
def add_writes(app):
    @app.post("/users", status_code=201)
    async def create_user(new: NewUser, users: Annotated[Users, Depends(get_users)]) -> User:
        return await users.add(new)

    async def gone(user_id: int, redis: Cache):
        yield
        await Users(None, redis).forget(user_id)

    # The outer dependency ends last: the copy goes when the commit is done.
    @app.delete("/users/{user_id}", status_code=204, dependencies=[Depends(gone, scope="function")])
    async def delete_user(
        user_id: int,
        users: Annotated[Users, Depends(get_users)],
        orders: Annotated[Orders, Depends(get_orders)],
    ) -> None:
        await orders.remove_all_of(user_id)
        await users.remove(user_id)
