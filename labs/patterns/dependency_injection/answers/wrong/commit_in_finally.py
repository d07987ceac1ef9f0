"""Commits in finally, so that it is never forgotten

exercise: session
check: test_error_rolls_back
cause: something committed before the failure
"""
async def get_session(resources: FromLifespan):
    async with AsyncSession(resources.engine, expire_on_commit=False) as session:
        try:
            yield session
        finally:
            await session.commit()


Session = Annotated[AsyncSession, Depends(get_session)]


def get_users(session: Session, redis: Cache):
    return Users(session, redis)


def get_orders(session: Session):
    return Orders(session)
