"""An error passes by the lines that commit and close

exercise: unit_of_work
check: test_failure_leaves_nothing
cause: its transaction is still open
"""
opened = []


@asynccontextmanager
async def unit_of_work(engine):
    session = AsyncSession(engine, expire_on_commit=False)
    opened.append(session)  # as a debugger, a metric or a traceback keeps it
    yield session
    await session.commit()
    await session.close()
    opened.remove(session)
