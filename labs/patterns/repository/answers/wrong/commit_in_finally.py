"""The commit stands in finally, where an error comes by as well

exercise: unit_of_work
check: test_failure_leaves_nothing
cause: A commit in finally runs after an error, too
"""
@asynccontextmanager
async def unit_of_work(engine):
    session = AsyncSession(engine, expire_on_commit=False)
    try:
        yield session
    finally:
        await session.commit()
        await session.close()
