"""Deletes both, and lets orders for nobody in

exercise: references
check: test_no_order_for_somebody_gone
cause: Foreign keys have to be enforced on every connection
"""
def enforce_references(engine):
    pass


async def remove_user(session, user_id):
    await session.execute(delete(OrderRow).where(OrderRow.user_id == user_id))
    gone = await session.execute(delete(UserRow).where(UserRow.id == user_id))
    if gone.rowcount == 0:
        raise NotFoundError("There is no such user.")
