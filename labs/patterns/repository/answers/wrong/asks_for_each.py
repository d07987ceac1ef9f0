"""Asks for each customer's orders

exercise: lists
check: test_cost_does_not_grow
cause: each user's orders separately
"""
async def orders_of(session, user_id):
    await Users(session).get(user_id)
    theirs = select(OrderRow).where(OrderRow.user_id == user_id).order_by(OrderRow.created_at, OrderRow.id)
    return list(await session.scalars(theirs))


async def newest_customers(session, limit):
    newest = select(UserRow).order_by(UserRow.created_at.desc(), UserRow.id.desc()).limit(limit)
    customers = []
    for user in await session.scalars(newest):
        orders = [Order.model_validate(row) for row in await orders_of(session, user.id)]
        customers.append(Customer(id=user.id, name=user.name, email=user.email, orders=orders))
    return customers
