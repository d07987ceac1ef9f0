"""The session gets a connection of its own: rolled back after a failure, given back after a success only

exercise: session
check: test_session_is_given_back
cause: sessions are not given back
"""
borrowed = set()


async def get_session(resources: FromLifespan):
    connection = await resources.engine.connect()
    borrowed.add(connection)
    session = AsyncSession(connection, expire_on_commit=False)
    try:
        yield session
    except BaseException:
        await session.rollback()
        await connection.rollback()
        raise
    await session.close()
    await connection.close()
    borrowed.remove(connection)


Session = Annotated[AsyncSession, Depends(get_session)]


def get_users(session: Session, redis: Cache):
    return Users(session, redis)


def get_orders(session: Session):
    return Orders(session)
