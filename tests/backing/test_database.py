"""The database, met by real clients: every fault does what its docstring says."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import time

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.ext.asyncio import create_async_engine

from labs.backing import Database

from .conftest import run

pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "service.sqlite")
    yield database
    database.close()


async def names(engine):
    async with engine.connect() as connection:
        return [row[0] for row in await connection.execute(text("SELECT name FROM users ORDER BY id"))]


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_the_database_goes_down_and_up_under_an_open_pool(database, mode):
    database.add_user(name="Ada", email="ada@example.com")
    engine = create_async_engine(database.url)

    @event.listens_for(engine.sync_engine, "connect")
    def set_mode(connection, _):
        connection.execute(f"PRAGMA journal_mode={mode}")

    async def go():
        assert await names(engine) == ["Ada"]
        database.down()
        for _ in range(2):
            with pytest.raises(DatabaseError, match="file is not a database"):
                await names(engine)
        with pytest.raises(DatabaseError, match="file is not a database"):
            async with engine.begin() as connection:
                await connection.execute(text("INSERT INTO users (name, email, password_hash) VALUES ('x', 'x', '-')"))
        database.up()
        assert await names(engine) == ["Ada"]
        database.down()
        database.up()
        assert await names(engine) == ["Ada"]
        await engine.dispose()

    run(go())


def test_the_database_hangs_until_the_services_own_patience_ends(database):
    engine = create_async_engine(database.url, connect_args={"timeout": 0.2})

    async def go():
        assert await names(engine) == []
        database.hang()
        with pytest.raises(OperationalError, match="database is locked"):
            await names(engine)
        database.up()
        assert await names(engine) == []
        await engine.dispose()

    run(go())


@pytest.mark.slow
def test_a_slow_database_delays_and_never_fails(database):
    engine = create_async_engine(database.url)

    async def go():
        waited = []
        database.slow(0.3)
        for _ in range(4):
            started = time.monotonic()
            await names(engine)
            waited.append(time.monotonic() - started)
            await asyncio.sleep(0.15)  # past the gap
        assert sum(seconds > 0.05 for seconds in waited) >= 2, waited
        database.down()  # a new fault ends the one before
        with pytest.raises(DatabaseError, match="file is not a database"):
            await names(engine)
        database.up()
        assert await names(engine) == []
        await engine.dispose()

    run(go())


def test_keep_changing_lets_the_service_read_and_outlives_a_lock(database):
    user = database.add_user(name="0", email="ada@example.com")
    engine = create_async_engine(database.url)

    async def seen():
        return {(await names(engine))[0] for _ in range(20)}

    values = ((str(number), user) for number in itertools.count(1))
    with database.keep_changing("UPDATE users SET name = ? WHERE id = ?", values):
        assert len(run(seen())) > 1
    before = database.execute("SELECT name FROM users")
    assert database.execute("SELECT name FROM users") == before
    run(engine.dispose())


def test_a_fresh_database_has_the_tables_and_leaves_nothing(database, tmp_path):
    user = database.add_user(name="Ada", email="ada@example.com", age=36)
    order = database.add_order(user_id=user, item="kettle", amount=4200)
    assert database.execute("SELECT user_id, item, status FROM orders WHERE id = ?", order) == [
        (user, "kettle", "open")
    ]
    with pytest.raises(sqlite3.IntegrityError):
        database.add_user(name="Ada", email="ada@example.com")
    assert Database(tmp_path / "second.sqlite").execute("SELECT count(*) FROM users") == [(0,)]
    database.close()
    assert [path.name for path in tmp_path.iterdir()] == ["second.sqlite"]
