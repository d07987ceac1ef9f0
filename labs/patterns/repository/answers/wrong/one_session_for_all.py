"""One session for the process, committed and rolled back by whoever is done

exercise: unit_of_work
check: test_units_overlap
cause: they share a session
"""
sessions = {}


@asynccontextmanager
async def unit_of_work(engine):
    if engine not in sessions:
        sessions[engine] = AsyncSession(engine, expire_on_commit=False)
    session = sessions[engine]
    try:
        yield session
        await session.commit()
    except Exception:
        await session.rollback()
        raise
