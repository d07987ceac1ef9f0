"""Each flush commits, so that nothing gets lost

exercise: session
check: test_error_rolls_back
cause: something committed before the failure
"""
class Eager(AsyncSession):
    async def flush(self, objects=None):
        await super().flush(objects)
        await self.commit()


async def get_session(resources: FromLifespan):
    async with Eager(resources.engine, expire_on_commit=False) as session:
        yield session


Session = Annotated[AsyncSession, Depends(get_session)]


def get_users(session: Session, redis: Cache):
    return Users(session, redis)


def get_orders(session: Session):
    return Orders(session)
