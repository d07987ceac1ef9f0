"""The stand-ins for other teams' services, started once."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from labs.backing import Downstream


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


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 30))
