"""Somebody who is not there has no orders

exercise: lists
check: test_orders_of_a_user
cause: that is a 404, not an empty list
"""
async def orders_of(session, user_id):
    theirs = select(OrderRow).where(OrderRow.user_id == user_id).order_by(OrderRow.created_at, OrderRow.id)
    return list(await session.scalars(theirs))


async def newest_customers(session, limit):
    newest = select(UserRow).order_by(UserRow.created_at.desc(), UserRow.id.desc()).limit(limit)
    return list(await session.scalars(newest.options(selectinload(UserRow.orders))))
