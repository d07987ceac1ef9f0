"""Flushed and never committed

exercise: writes
check: test_writes_are_kept
cause: nobody committed
"""
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
