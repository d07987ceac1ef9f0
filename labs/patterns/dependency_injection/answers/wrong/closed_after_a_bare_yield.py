"""The session is kept in a register and closed after a bare yield: not when the route raises

exercise: session
check: test_error_rolls_back
cause: the lines below never run
"""
open_sessions = {}


async def get_session(resources: FromLifespan):
    session = AsyncSession(resources.engine, expire_on_commit=False)
    open_sessions[id(session)] = session
    yield session
    await open_sessions.pop(id(session)).close()


Session = Annotated[AsyncSession, Depends(get_session)]


def get_users(session: Session, redis: Cache):
    return Users(session, redis)


def get_orders(session: Session):
    return Orders(session)
