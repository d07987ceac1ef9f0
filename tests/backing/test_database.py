"""The database and the downstream, met by real clients: every fault does what its docstring says."""

from __future__ import annotations

import asyncio
import itertools
import socket
import sqlite3
import threading
import time

import httpx
import pytest
import redis
from sqlalchemy import event, text
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.ext.asyncio import create_async_engine

from labs.backing import CacheServer, Database, Downstream, ScriptedReply

pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "service.sqlite")
    yield database
    database.close()


@pytest.fixture(scope="module")
def shared_downstream():
    server = Downstream()
    yield server
    server.close()


@pytest.fixture
def downstream(shared_downstream):
    shared_downstream.clear()
    return shared_downstream


@pytest.fixture
def http():
    with httpx.Client(timeout=5, trust_env=False) as client:
        yield client


# Database


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 30))


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


# Downstream


def test_downstream_answers_by_script_then_by_default(downstream, http):
    downstream.script(
        ScriptedReply(404, json={"error": "NOT_FOUND"}),
        ScriptedReply(body=b"raw", headers={"content-type": "text/plain"}),
        ScriptedReply(204),
    )
    answers = [http.post(f"{downstream.url}/pay?x=1", json={"n": n}, headers={"X-Id": "7"}) for n in range(4)]
    assert [answer.status_code for answer in answers] == [404, 200, 204, 200]
    assert answers[0].json() == {"error": "NOT_FOUND"}
    assert answers[1].text == "raw"
    assert answers[3].json() == {"status": "ok"}
    call = downstream.wait_for_calls(4)[1]
    assert (call.method, call.path, call.headers["x-id"], call.body, call.status) == (
        "POST",
        "/pay?x=1",
        "7",
        b'{"n":1}',
        200,
    )
    assert str(call).startswith("POST /pay?x=1\n")


def test_downstream_reads_a_streamed_body_and_keeps_the_connection(downstream, http):
    http.post(downstream.url, content=iter([b"one ", b"two"]))
    assert http.get(f"{downstream.url}/next").status_code == 200
    assert [(call.method, call.body) for call in downstream.calls] == [("POST", b"one two"), ("GET", b"")]


def test_downstream_delays_and_resets_by_script(downstream, http):
    downstream.script(ScriptedReply(delay=0.2), ScriptedReply(reset=True))
    started = time.monotonic()
    assert http.get(downstream.url).status_code == 200
    assert time.monotonic() - started >= 0.2
    with pytest.raises(httpx.TransportError):
        http.get(downstream.url)
    assert [call.status for call in downstream.calls] == [200, 0]
    assert http.get(downstream.url).status_code == 200


def test_downstream_drips_an_answer_that_no_time_out_of_a_step_ends(downstream, http):
    downstream.script(ScriptedReply(json=1234, drip=0.1), ScriptedReply(json=5678, drip=60))
    started = time.monotonic()
    assert http.get(downstream.url, timeout=0.3).json() == 1234
    assert time.monotonic() - started >= 0.4
    with pytest.raises(httpx.ReadTimeout):
        http.get(downstream.url, timeout=0.3)
    assert http.get(downstream.url).status_code == 200


def test_downstream_answers_each_path_by_its_own_script(downstream, http):
    downstream.script(ScriptedReply(503), ScriptedReply(404), path="/quotes/a%20b")
    downstream.script(ScriptedReply(502))
    answers = [http.get(f"{downstream.url}/quotes/{item}").status_code for item in ("a%20b", "c", "a%20b", "a%20b")]
    assert answers == [503, 502, 404, 200]
    downstream.script(ScriptedReply(503), path="/quotes/c")
    downstream.clear()
    assert http.get(f"{downstream.url}/quotes/c").status_code == 200


def test_downstream_faults_end_with_up(downstream, http):
    downstream.fail(2, 500)
    assert [http.get(downstream.url).status_code for _ in range(3)] == [500, 500, 200]
    downstream.fail(5)
    assert http.get(downstream.url).status_code == 503
    downstream.up()
    assert http.get(downstream.url).status_code == 200
    downstream.slow(0.2)
    started = time.monotonic()
    http.get(downstream.url)
    assert time.monotonic() - started >= 0.2
    downstream.hang()
    with pytest.raises(httpx.ReadTimeout):
        http.get(downstream.url, timeout=0.2)
    downstream.up()
    downstream.down()
    for _ in range(2):
        with pytest.raises(httpx.TransportError):
            http.get(downstream.url)
    downstream.up()
    assert http.get(downstream.url).status_code == 200


def test_downstream_down_breaks_a_request_in_flight(downstream):
    async def go():
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            downstream.slow(60)
            request = asyncio.create_task(client.get(downstream.url))
            await asyncio.to_thread(downstream.wait_for_calls, 1, 5)
            downstream.down()
            with pytest.raises(httpx.TransportError):
                await request
            downstream.up()
            assert (await client.get(downstream.url)).status_code == 200

    run(go())


def test_servers_leave_no_thread_and_no_port(wait_until):
    before = set(threading.enumerate())
    servers = [CacheServer(), Downstream()]
    ports = [servers[0].port, int(servers[1].url.rpartition(":")[2])]
    with redis.Redis.from_url(servers[0].url) as client:
        client.ping()
        httpx.get(servers[1].url, trust_env=False)
        for server in servers:
            server.close()
    wait_until(lambda: set(threading.enumerate()) <= before)
    for port in ports:
        with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), timeout=1):
            pass
