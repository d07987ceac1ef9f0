"""What one request wants is kept where all requests can write

exercise: session
check: test_requests_share_nothing
cause: share a session or an object that belongs to one request
"""
async def get_session(resources: FromLifespan):
    async with AsyncSession(resources.engine, expire_on_commit=False) as session:
        yield session


Session = Annotated[AsyncSession, Depends(get_session)]


class Remembering(Users):
    wanted = 0

    async def get(self, user_id):
        Remembering.wanted = user_id
        await asyncio.sleep(0.02)
        return await super().get(Remembering.wanted)


def get_users(session: Session, redis: Cache):
    return Remembering(session, redis)


def get_orders(session: Session):
    return Orders(session)
