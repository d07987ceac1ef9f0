"""Rolls back, and keeps the error to itself

exercise: unit_of_work
check: test_failure_leaves_nothing
cause: unit_of_work swallows it
"""
@asynccontextmanager
async def unit_of_work(engine):
    async with AsyncSession(engine, expire_on_commit=False) as session:
        try:
            yield session
            await session.commit()
        except ServiceError:
            raise
        except Exception:
            await session.rollback()
