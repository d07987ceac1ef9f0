"""The database's errors are nobody's business but ours.

exercise: storm
check: test_database_away
cause: is a 500, as if it were a bug
"""


def make_engine(settings):
    return create_async_engine(settings.database_url, connect_args={"timeout": 1.5}, pool_timeout=1.5)


def outage(error):
    return None
