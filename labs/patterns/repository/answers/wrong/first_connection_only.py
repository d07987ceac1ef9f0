"""Only the first connection of the pool checks foreign keys

exercise: references
check: test_no_order_for_somebody_gone
cause: holds for one connection
"""
def enforce_references(engine):
    @event.listens_for(engine.sync_engine, "first_connect")
    def switch_on(connection, record):
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()


async def remove_user(session, user_id):
    await session.execute(delete(OrderRow).where(OrderRow.user_id == user_id))
    gone = await session.execute(delete(UserRow).where(UserRow.id == user_id))
    if gone.rowcount == 0:
        raise NotFoundError("There is no such user.")
