"""Loads the orders, deletes the ones it has seen, and enforces nothing

exercise: references
check: test_no_order_is_left_behind
cause: looked up first and deleted one by one
"""
def enforce_references(engine):
    pass


async def remove_user(session, user_id):
    user = await Users(session).get(user_id)
    for order in await orders_of(session, user_id):
        await session.delete(order)
    await session.flush()
    await session.delete(user)
