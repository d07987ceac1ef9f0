"""The connection commits each statement by itself

exercise: unit_of_work
check: test_failure_leaves_nothing
cause: AUTOCOMMIT has no transaction at all
"""
def unit_of_work(engine):
    own = engine.execution_options(isolation_level="AUTOCOMMIT")
    return async_sessionmaker(own, expire_on_commit=False).begin()
