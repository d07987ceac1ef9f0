"""The limit counts joined rows

exercise: lists
check: test_customers_have_their_orders
cause: counts rows, not customers
"""
async def orders_of(session, user_id):
    await Users(session).get(user_id)
    theirs = select(OrderRow).where(OrderRow.user_id == user_id).order_by(OrderRow.created_at, OrderRow.id)
    return list(await session.scalars(theirs))


async def newest_customers(session, limit):
    rows = await session.execute(
        select(UserRow, OrderRow)
        .outerjoin(OrderRow, OrderRow.user_id == UserRow.id)
        .order_by(UserRow.created_at.desc(), UserRow.id.desc(), OrderRow.created_at, OrderRow.id)
        .limit(limit)
    )
    found = {}
    for user, order in rows:
        shown = found.setdefault(user.id, Customer(id=user.id, name=user.name, email=user.email, orders=[]))
        if order is not None:
            shown.orders.append(Order.model_validate(order))
    return list(found.values())[:limit]
