"""Trusts ON DELETE CASCADE without asking for it

exercise: references
check: test_orders_go_with_their_user
cause: their orders are still there
"""
def enforce_references(engine):
    pass


async def remove_user(session, user_id):
    await session.delete(await Users(session).get(user_id))
