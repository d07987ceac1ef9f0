"""Whatever is not known is an outage.

exercise: storm
check: test_a_bug_is_no_outage
cause: A bug was answered as an outage
"""


def make_engine(settings):
    return create_async_engine(settings.database_url, connect_args={"timeout": 1.5}, pool_timeout=1.5)


def outage(error):
    return Unavailable(retry_after="1")
