"""Backing services in a process of their own do what the same ones do here, and nothing that is sent gets out of it."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
import subprocess
import sys
import threading
import time

import httpx
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from labs.backing import ScriptedReply
from labs.backing.apart.host import BackingHost, BackingLost
from labs.backing.apart.messages import Ask, Told, decode, encode, pack, unpack
from labs.backing.apart.remote import RemoteCache, RemoteDatabase, RemoteDownstream

CHILD = """
import socket, sys
from labs.backing.apart.child import serve
serve(socket.socket(fileno=int(sys.argv[1])), ["database", "cache", "downstream"], seconds=1.0)
"""


@contextlib.contextmanager
def a_host():
    ours, theirs = socket.socketpair()
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(theirs.fileno())], pass_fds=[theirs.fileno()])
    theirs.close()
    host = BackingHost(ours)
    try:
        yield host, child
    finally:
        host.close()
        child.wait(10)


@pytest.fixture(scope="module")
def host():
    with a_host() as (host, _):
        yield host


@pytest.fixture
def cache(host):
    cache = RemoteCache(host)
    cache.clear()
    return cache


@pytest.fixture
def downstream(host):
    downstream = RemoteDownstream(host)
    downstream.clear()
    return downstream


@pytest.fixture
def database(host, tmp_path):
    database = RemoteDatabase(host, tmp_path / "service.sqlite")
    yield database
    database.close()


@pytest.fixture
def client(cache):
    with redis.Redis.from_url(cache.url, retry=Retry(NoBackoff(), 0), socket_timeout=5) as client:
        yield client


@pytest.fixture
def http():
    with httpx.Client(timeout=5, trust_env=False) as client:
        yield client


def test_redis_is_recorded_looked_into_and_changed(cache, client):
    client.set("greeting", b"\xffhello", ex=60)
    assert client.get("greeting") == b"\xffhello"
    assert client.get("nothing") is None
    assert [command.name for command in cache.commands] == ["SET", "GET", "GET"]
    assert cache.commands[1].reply == b"\xffhello"
    assert str(cache.commands[0]).endswith("EX 60")
    assert cache.keys() == ["greeting"]
    assert 50 < cache.ttl("greeting") <= 60
    assert cache.ttl("nothing") is None
    cache.put("greeting", [b"a", b"b"])
    assert cache.value("greeting") == b"a b"
    cache.delete("greeting")
    assert cache.keys() == []
    assert cache.connections_made >= 1
    assert cache.connections >= 1


def test_redis_faults(cache, client):
    client.ping()
    cache.down()
    with pytest.raises(redis.ConnectionError):
        client.get("x")
    cache.up()
    cache.fail(1)
    with pytest.raises(redis.BusyLoadingError):
        client.get("x")
    assert client.get("x") is None
    cache.slow(0.2)
    started = time.monotonic()
    client.get("x")
    assert time.monotonic() - started >= 0.2


def test_a_command_is_held_as_the_check_says(cache, client):
    held = cache.hold(lambda command: command.name == "SET" and "b" in command.words)
    client.set("a", 1)
    assert not held.wait(0)
    sent = threading.Thread(target=client.set, args=("b", 2))
    sent.start()
    assert held.wait(5)
    assert cache.keys() == ["a"]
    held.release()
    sent.join(5)
    assert cache.keys() == ["a", "b"]


def test_the_downstream_answers_as_told(downstream, http):
    downstream.default = ScriptedReply(201, body=b"raw", headers={"content-type": "text/plain"})
    downstream.script(ScriptedReply(503), path="/a")
    assert http.get(f"{downstream.url}/a").status_code == 503
    response = http.post(f"{downstream.url}/b", content=b"\x00body")
    assert (response.status_code, response.content) == (201, b"raw")
    calls = downstream.wait_for_calls(2)
    assert [(call.method, call.path, call.status) for call in calls] == [("GET", "/a", 503), ("POST", "/b", 201)]
    assert calls[1].body == b"\x00body"
    assert calls[0].at < time.monotonic()
    downstream.clear()
    assert downstream.calls == []
    assert http.get(downstream.url).json() == {"status": "ok"}


def test_the_database_is_read_locked_and_changed(database):
    number = database.add_user(name="Ada", email="ada@example.com")
    database.execute_many("UPDATE users SET age = ? WHERE id = ?", [(36, number)])
    assert database.execute("SELECT name, age FROM users") == [("Ada", 36)]
    with pytest.raises(sqlite3.IntegrityError, match=r"users\.email"):
        database.add_user(name="Ada", email="ada@example.com")
    with database.locked("IMMEDIATE"):
        with pytest.raises(sqlite3.OperationalError, match="locked"), database.locked("IMMEDIATE", timeout=0.05):
            pass
        assert database.peek("SELECT count(*) FROM users") == [(1,)]
    with database.locked("EXCLUSIVE"), pytest.raises(sqlite3.OperationalError, match="locked"):
        database.peek("SELECT 1")
    versions = ((n, number) for n in range(10**9))
    with database.keep_changing("UPDATE users SET age = ? WHERE id = ?", versions):
        first = database.execute("SELECT age FROM users")
        deadline = time.monotonic() + 10
        while database.execute("SELECT age FROM users") == first:
            assert time.monotonic() < deadline
    with sqlite3.connect(database.path) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (1,)


@pytest.mark.slow
@pytest.mark.parametrize(
    "hostile",
    [
        "CREATE TRIGGER t AFTER INSERT ON users BEGIN INSERT INTO orders (user_id, item, amount) "
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 1, 'x', i FROM n WHERE i < 0; END",
        "ALTER TABLE users RENAME TO hidden; CREATE VIEW users AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
        "SELECT i + 1 FROM n) SELECT i AS id, '' AS name, '' AS email, '' AS password_hash FROM n WHERE i < 0",
    ],
)
def test_what_a_service_has_put_into_its_file_has_an_end(database, hostile):
    with sqlite3.connect(database.path) as connection:
        connection.executescript(hostile)
    started = time.monotonic()
    with pytest.raises(sqlite3.Error):
        database.add_user(name="Ada", email="ada@example.com")
        database.execute("SELECT * FROM users")
    assert time.monotonic() - started < 5


def test_a_flood_of_rows_is_one_sentence(database):
    with sqlite3.connect(database.path) as connection:
        rows = ((f"{n}@example.com",) for n in range(100_001))
        connection.executemany("INSERT INTO users (email, name, password_hash) VALUES (?, '', '')", rows)
    with pytest.raises(sqlite3.DataError, match="more than a check can look at"):
        database.execute("SELECT * FROM users")


def test_a_process_that_ends_is_told_at_once():
    with a_host() as (host, child):
        cache = RemoteCache(host)
        child.kill()
        with pytest.raises(BackingLost, match="has ended"):
            cache.keys()
        with pytest.raises(BackingLost, match="has ended"):
            cache.keys()


NONSENSE = [
    b"",
    b"[]\n",
    b"{}\n",
    b'{"Told": {}}\n',
    b'{"Told": {"number": "1", "error": "", "error_type": ""}}\n',
    b"{" * 9000,
    encode(Ask(1, "cache", "keys", [])),
]


@pytest.mark.parametrize("line", NONSENSE)
def test_nonsense_is_no_message(line):
    with pytest.raises(ValueError):  # noqa: PT011 -- each line is refused for a reason of its own
        decode(line, Told)


@pytest.mark.parametrize("value", [None, True, 7, 1.5, "text", b"\x00\xff", [1, [b"x"]], {"base64": "no", "": [b"y"]}])
def test_plain_data_comes_back_as_it_was(value):
    line = encode(Ask(1, "cache", "put", [pack(value)]))
    assert [unpack(item) for item in decode(line, Ask).arguments] == [value]


def test_nothing_but_plain_data_goes_over(host):
    with pytest.raises(TypeError, match="is not plain data"):
        pack(object())
    with pytest.raises(BackingLost, match="is not known here"):
        host.call("cache", "_admin")
