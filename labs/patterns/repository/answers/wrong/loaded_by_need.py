"""The customers come without their orders

exercise: lists
check: test_customers_have_their_orders
cause: a relation that was not loaded was touched
"""
async def orders_of(session, user_id):
    await Users(session).get(user_id)
    theirs = select(OrderRow).where(OrderRow.user_id == user_id).order_by(OrderRow.created_at, OrderRow.id)
    return list(await session.scalars(theirs))


async def newest_customers(session, limit):
    newest = select(UserRow).order_by(UserRow.created_at.desc(), UserRow.id.desc()).limit(limit)
    return list(await session.scalars(newest))
