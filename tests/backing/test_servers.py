"""The servers of backing services leave nothing behind."""

from __future__ import annotations

import socket
import threading

import httpx
import pytest
import redis

from labs.backing import CacheServer, Downstream

pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")


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
