"""Rolls back, and keeps every error to itself

exercise: unit_of_work
check: test_work_is_kept
cause: raises it again
"""
@asynccontextmanager
async def unit_of_work(engine):
    async with AsyncSession(engine, expire_on_commit=False) as session:
        try:
            yield session
            await session.commit()
        except Exception:
            await session.rollback()
