"""Flushed at the end, so the caller has an id; nobody commits

exercise: unit_of_work
check: test_work_is_kept
cause: it was flushed, and nobody committed
"""
@asynccontextmanager
async def unit_of_work(engine):
    async with AsyncSession(engine, expire_on_commit=False) as session:
        yield session
        await session.flush()
