"""The session's default, which expires what was committed

exercise: unit_of_work
check: test_work_is_kept
cause: An object was read after the commit
"""
@asynccontextmanager
async def unit_of_work(engine):
    async with AsyncSession(engine) as session, session.begin():
        yield session
