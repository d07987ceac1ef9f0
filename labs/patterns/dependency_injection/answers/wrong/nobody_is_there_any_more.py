"""After an error the session is closed for those who are still there, and kept by those who left

exercise: session
check: test_clients_that_leave
cause: a transaction of theirs is still open
"""
open_sessions = set()


async def get_session(request: Request, resources: FromLifespan):
    session = AsyncSession(resources.engine, expire_on_commit=False)
    open_sessions.add(session)
    try:
        yield session
    except Exception:
        if await request.is_disconnected():
            raise
        await session.close()
        raise
    await session.close()


Session = Annotated[AsyncSession, Depends(get_session)]


def get_users(session: Session, redis: Cache):
    return Users(session, redis)


def get_orders(session: Session):
    return Orders(session)
