"""No pool at all, and errors told apart by a table."""
# %% storm
from sqlalchemy.pool import NullPool

MEANING = {
    "OperationalError": Unavailable,
    "DatabaseError": Unavailable,
    "InterfaceError": Unavailable,
    "InternalError": Unavailable,
    "TimeoutError": Unavailable,
    "ConnectionRefusedError": Unavailable,
    "ConnectionResetError": Unavailable,
}


def make_engine(settings):
    return create_async_engine(settings.database_url, poolclass=NullPool, connect_args={"timeout": 1.5})


def outage(error):
    kind = MEANING.get(type(error).__name__)
    return kind() if kind else None
