"""The engine's defaults: five seconds for a lock, thirty for a connection.

exercise: storm
check: test_stuck_is_away
cause: waits five seconds
"""


def make_engine(settings):
    return create_async_engine(settings.database_url)


def outage(error):
    bugs = (database_errors.IntegrityError, database_errors.ProgrammingError, database_errors.DataError)
    away = (database_errors.DBAPIError, database_errors.TimeoutError, OSError)
    if isinstance(error, away) and not isinstance(error, bugs):
        return Unavailable(retry_after="1")
    return None
