"""The error is caught, rolled back and not raised again

exercise: session
check: test_users_arrive
cause: Nobody has this id: that is a 404
"""
async def get_session(resources: FromLifespan):
    async with AsyncSession(resources.engine, expire_on_commit=False) as session:
        try:
            yield session
        except Exception:
            await session.rollback()


Session = Annotated[AsyncSession, Depends(get_session)]


def get_users(session: Session, redis: Cache):
    return Users(session, redis)


def get_orders(session: Session):
    return Orders(session)
