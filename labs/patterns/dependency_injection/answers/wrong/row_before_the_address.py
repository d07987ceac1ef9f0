"""The row is committed first, to have an id early, and gets its e-mail address in a second transaction

exercise: writes
check: test_nobody_commits_for_another
cause: A request that failed has left a row after all
"""
from sqlalchemy import update


def add_writes(app: FastAPI) -> None:
    @app.post("/users", status_code=201)
    async def create_user(
        new: NewUser, session: Session, users: Annotated[Users, Depends(get_users)]
    ) -> User:
        user = await users.add(new.model_copy(update={"email": f"{secrets.token_hex(8)}@pending.invalid"}))
        await session.commit()
        try:
            await session.execute(update(UserRow).where(UserRow.id == user.id).values(email=new.email))
            await session.commit()
        except IntegrityError:
            raise HTTPException(409, "This e-mail address is taken.") from None
        return user.model_copy(update={"email": new.email})

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
