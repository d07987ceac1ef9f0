"""The session commits after its yield, with the default scope

check: test_commit_before_the_answer
cause: It runs after the answer
"""
# %% session
async def get_session(resources: FromLifespan):
    async with AsyncSession(resources.engine, expire_on_commit=False) as session:
        yield session
        await session.commit()


Session = Annotated[AsyncSession, Depends(get_session)]


def get_users(session: Session, redis: Cache):
    return Users(session, redis)


def get_orders(session: Session):
    return Orders(session)
# %% writes
def add_writes(app):
    @app.post("/users", status_code=201)
    async def create_user(
        new: NewUser, session: Session, users: Annotated[Users, Depends(get_users)]
    ) -> User:
        user = await users.add(new)
        return user

    @app.delete("/users/{user_id}", status_code=204)
    async def delete_user(
        user_id: int,
        session: Session,
        users: Annotated[Users, Depends(get_users)],
        orders: Annotated[Orders, Depends(get_orders)],
    ) -> None:
        await orders.remove_all_of(user_id)
        await users.remove(user_id)
        await session.commit()
        await users.forget(user_id)
