"""Whatever SQLAlchemy raises is an outage: a row that it refuses, too.

exercise: storm
check: test_a_bug_is_no_outage
cause: trying again won't help
"""


def make_engine(settings):
    return create_async_engine(settings.database_url, connect_args={"timeout": 1.5}, pool_timeout=1.5)


def outage(error):
    if isinstance(error, (database_errors.SQLAlchemyError, OSError)):
        return Unavailable(retry_after="1")
    return None
