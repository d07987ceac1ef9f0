"""A real BEGIN for each transaction, a deferred one, so that whoever has read first may be refused to write

exercise: references
check: test_units_overlap
cause: it had read, somebody else wrote
"""
def enforce_references(engine):
    @event.listens_for(engine.sync_engine, "connect")
    def connected(connection, record):
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begun(connection):
        connection.exec_driver_sql("BEGIN")


async def remove_user(session, user_id):
    gone = await session.execute(delete(UserRow).where(UserRow.id == user_id))
    if gone.rowcount == 0:
        raise NotFoundError("There is no such user.")
