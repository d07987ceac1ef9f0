"""Rolled back after an error, but never closed: the session reads on, and keeps its connection

exercise: unit_of_work
check: test_sessions_are_given_back
cause: sessions are not given back
"""
opened = []


@asynccontextmanager
async def unit_of_work(engine):
    session = AsyncSession(engine, expire_on_commit=False)
    try:
        yield session
        await session.commit()
        await session.close()
    except Exception:
        await session.rollback()
        await session.connection()
        opened.append(session)  # as a debugger, a metric or a traceback keeps it
        raise
