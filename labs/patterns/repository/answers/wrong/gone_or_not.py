"""204 for whoever is not there

exercise: references
check: test_orders_go_with_their_user
cause: only in its rowcount
"""
def enforce_references(engine):
    @event.listens_for(engine.sync_engine, "connect")
    def switch_on(connection, record):
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()


async def remove_user(session, user_id):
    await session.execute(delete(UserRow).where(UserRow.id == user_id))
