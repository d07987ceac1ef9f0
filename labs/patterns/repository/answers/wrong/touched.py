"""Touches user.orders, as one does in synchronous code

exercise: lists
check: test_orders_of_a_user
cause: a relation that was not loaded was touched
"""
async def orders_of(session, user_id):
    user = await Users(session).get(user_id)
    return user.orders


async def newest_customers(session, limit):
    newest = select(UserRow).order_by(UserRow.created_at.desc(), UserRow.id.desc()).limit(limit)
    return list(await session.scalars(newest.options(selectinload(UserRow.orders))))
