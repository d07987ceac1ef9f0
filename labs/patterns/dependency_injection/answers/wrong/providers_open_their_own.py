"""Each provider opens a session for itself

exercise: session
check: test_one_session_per_request
cause: a session that a provider opens for itself
"""
async def get_session(resources: FromLifespan):
    async with AsyncSession(resources.engine, expire_on_commit=False) as session:
        yield session


Session = Annotated[AsyncSession, Depends(get_session)]


async def get_users(resources: FromLifespan, redis: Cache):
    async with AsyncSession(resources.engine, expire_on_commit=False) as session:
        yield Users(session, redis)


async def get_orders(resources: FromLifespan):
    async with AsyncSession(resources.engine, expire_on_commit=False) as session:
        yield Orders(session)
