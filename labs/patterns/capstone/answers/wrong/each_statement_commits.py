"""AUTOCOMMIT, so that nothing can be held while somebody waits.

exercise: storm
check: test_refused_write_changes_nothing
cause: one transaction, one commit
"""


def make_engine(settings):
    return create_async_engine(
        settings.database_url, connect_args={"timeout": 1}, pool_timeout=1, isolation_level="AUTOCOMMIT"
    )


def outage(error):
    bugs = (database_errors.IntegrityError, database_errors.ProgrammingError, database_errors.DataError)
    if isinstance(error, (database_errors.DBAPIError, database_errors.TimeoutError, OSError)) and not isinstance(error, bugs):
        return Unavailable(retry_after="1")
    return None
