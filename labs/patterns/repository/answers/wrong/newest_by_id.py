"""The newest are those with the highest ids

exercise: lists
check: test_customers_have_their_orders
cause: These are not the newest users
"""
async def orders_of(session, user_id):
    await Users(session).get(user_id)
    theirs = select(OrderRow).where(OrderRow.user_id == user_id).order_by(OrderRow.created_at, OrderRow.id)
    return list(await session.scalars(theirs))


async def newest_customers(session, limit):
    newest = select(UserRow).order_by(UserRow.id.desc()).limit(limit)
    return list(await session.scalars(newest.options(selectinload(UserRow.orders))))
