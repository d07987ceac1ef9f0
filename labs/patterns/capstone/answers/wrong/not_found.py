"""What can't be read is not found.

exercise: storm
check: test_database_away
cause: an error while looking is not a
"""


def make_engine(settings):
    return create_async_engine(settings.database_url, connect_args={"timeout": 1.5}, pool_timeout=1.5)


def outage(error):
    if isinstance(error, database_errors.DBAPIError):
        return NotFound()
    return None
