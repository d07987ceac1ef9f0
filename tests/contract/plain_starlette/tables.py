"""The two tables, in SQLAlchemy Core."""

import hashlib
import os
from datetime import UTC, datetime

from sqlalchemy import Column, ForeignKey, Integer, MetaData, NullPool, Table, Text, event
from sqlalchemy.ext.asyncio import create_async_engine

tables = MetaData()
users = Table(
    "users",
    tables,
    Column("id", Integer, primary_key=True),
    Column("email", Text, unique=True),
    Column("name", Text),
    Column("password_hash", Text),
    Column("age", Integer, nullable=True),
    Column("created_at", Text),
)
orders = Table(
    "orders",
    tables,
    Column("id", Integer, primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id")),
    Column("item", Text),
    Column("amount", Integer),
    Column("status", Text),
    Column("created_at", Text),
)
USER_COLUMNS = (users.c.id, users.c.name, users.c.email)
ORDER_COLUMNS = (orders.c.id, orders.c.user_id, orders.c.item, orders.c.amount, orders.c.status)


def database(url: str, patience: float):
    sqlite = url.startswith("sqlite")
    options = {"poolclass": NullPool, "connect_args": {"timeout": patience}} if sqlite else {"pool_pre_ping": True}
    engine = create_async_engine(url, hide_parameters=True, **options)
    if sqlite:  # the driver begins where it thinks fit; here a transaction is one from its first statement on

        @event.listens_for(engine.sync_engine, "connect")
        def by_hand(connection, _record):
            connection.isolation_level = None

        @event.listens_for(engine.sync_engine, "begin")
        def begin(connection):
            connection.exec_driver_sql("BEGIN")

    return engine


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def hashed(password: str) -> str:
    salt = os.urandom(16)
    return f"scrypt${salt.hex()}${hashlib.scrypt(password.encode(), salt=salt, n=2**12, r=8, p=1).hex()}"
