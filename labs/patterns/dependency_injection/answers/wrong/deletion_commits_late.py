"""Only the deletion commits in the background

exercise: writes
check: test_commit_before_the_answer
cause: It runs after the answer
"""
from fastapi import BackgroundTasks


def add_writes(app):
    @app.post("/users", status_code=201)
    async def create_user(
        new: NewUser, session: Session, users: Annotated[Users, Depends(get_users)]
    ) -> User:
        user = await users.add(new)
        await session.commit()
        return user

    @app.delete("/users/{user_id}", status_code=204)
    async def delete_user(
        user_id: int,
        later: BackgroundTasks,
        session: Session,
        users: Annotated[Users, Depends(get_users)],
        orders: Annotated[Orders, Depends(get_orders)],
    ) -> None:
        await orders.remove_all_of(user_id)
        await users.remove(user_id)
        later.add_task(session.commit)
        later.add_task(users.forget, user_id)
