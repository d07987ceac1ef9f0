"""The Redis of the labs, met by the real client over TCP: commands, locks and faults."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import pytest
import redis
import redis.asyncio
import redis.exceptions
from redis.backoff import NoBackoff
from redis.retry import Retry

from labs.backing import CacheServer


@pytest.fixture(scope="module")
def shared_cache():
    server = CacheServer()
    yield server
    server.close()


@pytest.fixture
def cache(shared_cache):
    shared_cache.clear()
    return shared_cache


@pytest.fixture
def client(cache):
    with redis.Redis.from_url(cache.url, retry=Retry(NoBackoff(), 0), socket_timeout=5) as client:
        yield client


def test_redis_answers_a_real_client_and_keeps_a_record(cache, client):
    client.set("greeting", "hello", ex=60)
    assert client.get("greeting") == b"hello"
    assert [str(command) for command in cache.commands] == ["SET greeting hello EX 60", "GET greeting"]
    assert [command.reply for command in cache.commands][1] == b"hello"
    assert cache.keys() == ["greeting"]
    assert 50 < cache.ttl("greeting") <= 60
    assert cache.value("greeting") == b"hello"


def test_redis_survives_scan_pipelines_transactions_and_publish(client):
    for number in range(30):
        client.set(f"user:{number}", number)
    assert len(list(client.scan_iter("user:*", count=5))) == 30
    with client.pipeline(transaction=True) as pipe:
        assert pipe.incr("n").incr("n").expire("n", 5).execute() == [1, 2, True]
    with client.pipeline() as pipe:
        pipe.watch("n")
        pipe.multi()
        pipe.set("n", 10)
        client.set("n", 7)
        with pytest.raises(redis.WatchError):
            pipe.execute()
    with client.pubsub() as listener:
        listener.subscribe("news")
        assert listener.get_message(timeout=5)["type"] == "subscribe"
        client.publish("news", "it works")
        assert listener.get_message(timeout=5)["data"] == b"it works"


def test_an_error_reply_keeps_its_text_and_the_connection(client):
    client.lpush("list", "a")
    with client.client() as one:  # one connection
        number = one.client_id()
        with pytest.raises(redis.ResponseError, match="WRONGTYPE Operation against a key"):
            one.get("list")
        assert one.client_id() == number


def test_redis_locks_work_and_a_script_of_ones_own_is_refused(cache):
    async def use_lock():
        async with redis.asyncio.from_url(cache.url) as client:
            lock = client.lock("lock:7", timeout=10)
            assert await lock.acquire()
            assert not await client.lock("lock:7", timeout=10).acquire(blocking=False)
            assert await lock.extend(20)
            assert 20 < cache.ttl("lock:7") <= 30
            assert await lock.reacquire()
            assert cache.ttl("lock:7") <= 10
            await lock.release()
            assert cache.keys() == []
            async with client.lock("lock:8", timeout=5, blocking_timeout=2) as other:
                await client.set("lock:8", "somebody else")
                with pytest.raises(redis.exceptions.LockNotOwnedError):
                    await other.extend(5)
                await client.set("lock:8", other.local.token)
            compare_and_delete = """
                if redis.call("get",KEYS[1]) == ARGV[1] then return redis.call("del",KEYS[1]) else return 0 end"""
            await client.set("k", "mine")
            assert await client.eval(compare_and_delete, 1, "k", "other") == 0
            assert await client.eval(compare_and_delete, 1, "k", "mine") == 1
            with pytest.raises(redis.ResponseError, match="wrong number of arguments"):
                await client.eval(compare_and_delete, 0)
            with pytest.raises(redis.ResponseError, match="runs only the lock scripts"):
                await client.eval("return redis.call('keys', '*')", 0)
            with pytest.raises(redis.ResponseError, match="runs only the lock scripts"):
                await client.script_load("return 1")
            with pytest.raises(redis.exceptions.NoScriptError):
                await client.evalsha("0" * 40, 0)

    asyncio.run(use_lock())


def test_redis_down_breaks_open_connections_and_new_ones_until_up(cache, client):
    client.set("kept", "yes")
    cache.down()
    for _ in range(2):
        with pytest.raises(redis.ConnectionError):
            client.get("kept")
    cache.up()
    assert client.get("kept") == b"yes"


def test_redis_down_reaches_a_command_that_waits_and_it_is_never_carried_out(cache, wait_until):
    with redis.Redis.from_url(cache.url, retry=Retry(NoBackoff(), 0), socket_timeout=10) as client:
        client.ping()
        cache.hang()
        failed: list[Exception] = []

        def write():
            try:
                client.set("late", "value")
            except redis.RedisError as error:
                failed.append(error)

        writer = threading.Thread(target=write)
        writer.start()
        wait_until(lambda: any(command.name == "SET" for command in cache.commands))
        cache.down()
        writer.join(5)
        assert isinstance(failed[0], redis.ConnectionError)
        cache.up()
        wait_until(lambda: cache.connections == 0)
        assert cache.keys() == []


def test_redis_hangs_until_up(cache):
    with redis.Redis.from_url(cache.url, retry=Retry(NoBackoff(), 0), socket_timeout=0.2) as client:
        cache.hang()
        with pytest.raises(redis.TimeoutError):
            client.get("k")
        cache.up()
        assert client.get("k") is None


def test_redis_is_slow_until_up_even_for_who_is_waiting(cache, client, wait_until):
    cache.slow(0.2)
    started = time.monotonic()
    client.get("k")
    assert time.monotonic() - started >= 0.2
    cache.slow(60)
    waiting = threading.Thread(target=client.get, args=("k",))
    waiting.start()
    wait_until(lambda: len(cache.commands) == 2)
    cache.up()
    waiting.join(5)
    assert not waiting.is_alive()


def test_redis_fails_n_commands_on_the_same_connection(cache, client):
    client.ping()
    cache.fail(1)
    with pytest.raises(redis.exceptions.BusyLoadingError):
        client.get("k")
    assert client.get("k") is None
    cache.fail(2)
    with socket.create_connection(("127.0.0.1", cache.port), timeout=5) as raw:  # redis-py would connect again
        replies = []
        for _ in range(3):
            raw.sendall(b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n")
            replies.append(raw.recv(1000))
    assert replies == [b"-LOADING Redis is loading the dataset in memory\r\n"] * 2 + [b"$-1\r\n"]
    cache.fail(5)
    cache.up()
    assert client.get("k") is None


def test_a_new_check_finds_nothing_of_a_command_that_was_held_up(cache, wait_until):
    with redis.Redis.from_url(cache.url, retry=Retry(NoBackoff(), 0), socket_timeout=0.5) as hasty:
        hasty.ping()
        cache.hang()
        with pytest.raises(redis.TimeoutError):
            hasty.set("stale", "value")
    assert [command.name for command in cache.commands] == ["PING", "SET"]
    cache.clear()
    wait_until(lambda: cache.connections == 0)
    assert cache.keys() == []


def test_a_held_command_is_carried_out_when_released(cache, client):
    held = cache.hold(lambda command: command.name == "SET")
    writer = threading.Thread(target=client.set, args=("k", "1"))
    writer.start()
    assert held.wait(5)
    assert cache.keys() == []
    with redis.Redis.from_url(cache.url) as other:
        assert other.get("k") is None
    held.release(5)
    writer.join(5)
    assert cache.keys() == ["k"]


def test_redis_looks_behind_the_services_back(cache, client):
    cache.put("wrong", [b"a", b"b"])
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        client.get("wrong")
    client.hset("hash", "field", "needle")
    client.sadd("set", "needle")
    assert cache.value("wrong") == b"a b"
    assert b"needle" in cache.value("hash")
    assert b"needle" in cache.value("set")
    assert cache.ttl("hash") is None
    cache.delete("hash", "set")
    assert client.keys() == [b"wrong"]


@pytest.mark.parametrize(
    "words",
    [
        ["RESTORE", "k", "0", b"cos\nsystem\n(S'true'\ntR."],
        ["DUMP", "k"],
        ["CONFIG", "SET", "dir", "/"],
        ["FUNCTION", "LOAD", "x"],
        ["MODULE", "LOAD", "x"],
        ["DEBUG", "SLEEP", "1"],
        ["SAVE"],
        ["ACL", "LIST"],
        ["TS.CREATE", "k"],
        ["CLIENT", "KILL", "127.0.0.1:1"],
        ["SWAPDB", "0", "1"],
        ["COPY", "a", "b", "DB", "1"],
        ["no such command"],
    ],
)
def test_commands_that_are_not_on_the_list_are_refused_and_the_connection_stays(client, words):
    with client.client() as one:
        number = one.client_id()
        with pytest.raises(redis.ResponseError, match="unknown command '.*': this Redis has the commands for strings"):
            one.execute_command(*words)
        assert one.client_id() == number


def test_nothing_is_carried_out_in_a_transaction_either(client):
    with client.pipeline(transaction=True) as pipe, pytest.raises(redis.ResponseError, match="unknown command"):
        pipe.execute_command("RESTORE", "k", "0", b"cos\nsystem\n(S'true'\ntR.")
        pipe.execute()


def test_there_is_one_database(cache):
    other = redis.Redis.from_url(cache.url.replace("/0?", "/1?"), retry=Retry(NoBackoff(), 0))
    with other, pytest.raises(redis.ResponseError, match="one database, 0"):
        other.set("hidden", "row")
    assert cache.keys() == []
