"""use_cache=False, so that nobody shares anything

exercise: session
check: test_one_session_per_request
cause: they have two sessions
"""
async def get_session(resources: FromLifespan):
    async with AsyncSession(resources.engine, expire_on_commit=False) as session:
        yield session


Session = Annotated[AsyncSession, Depends(get_session)]


def get_users(session: Annotated[AsyncSession, Depends(get_session, use_cache=False)], redis: Cache):
    return Users(session, redis)


def get_orders(session: Annotated[AsyncSession, Depends(get_session, use_cache=False)]):
    return Orders(session)
