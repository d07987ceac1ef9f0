"""One session for the whole process

exercise: session
check: test_error_rolls_back
cause: A session that outlives the request does the same
"""
async def get_session(resources: FromLifespan):
    if not hasattr(resources, "session"):
        resources.session = AsyncSession(resources.engine, expire_on_commit=False)
    yield resources.session


Session = Annotated[AsyncSession, Depends(get_session)]


def get_users(session: Session, redis: Cache):
    return Users(session, redis)


def get_orders(session: Session):
    return Orders(session)
