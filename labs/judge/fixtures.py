"""The fixtures that checks ask for: the service under test, its log, its backing services, and fresh facts."""

from __future__ import annotations

import contextlib
import functools
import tempfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import cast

import pytest

from labs import backing
from labs.judge.errors import CheckFailed
from labs.judge.fresh import Fresh
from labs.judge.logs import Logs
from labs.judge.service import ServiceUnderTest
from labs.service.host import Host

__all__ = ["Fixtures", "backing_ports"]


@functools.cache
def _cache() -> backing.CacheServer:
    """The Redis of this process. It is started once, and cleared for each check."""
    return backing.CacheServer()


@functools.cache
def _downstream() -> backing.Downstream:
    """The downstream of this process. It is started once, and cleared for each check."""
    return backing.Downstream()


def backing_ports(kinds: Collection[str]) -> list[int]:
    """The TCP ports of these kinds of backing services, for whoever locks a service up; a database has no port.

    The servers are started here. All checks in this process use them, so the ports stay the same.
    """
    ports = [_cache().port] if "cache" in kinds else []
    return [*ports, _downstream().port] if "downstream" in kinds else ports


class Fixtures:
    """A pytest plugin with nothing but fixtures, for one run against one host."""

    def __init__(self, host: Host, fresh: Fresh, backings: Iterable[str]) -> None:
        self.host = host
        self.facts = fresh
        self.backings = frozenset(backings)  # the kinds that every check's service gets
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @pytest.fixture
    def fresh(self, request: pytest.FixtureRequest) -> Fresh:
        """Fresh facts for this check."""
        return self.facts.fork(request.node.name)

    @pytest.fixture
    def database(self, fresh: Fresh) -> Iterator[backing.Database]:
        """An empty database with the contract's tables."""
        try:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="labs-")
            database = backing.Database(Path(self._folder.name) / f"{fresh.token()}.sqlite")
        except OSError as error:  # the service may write there, too
            raise CheckFailed(
                f"No database could be made for the service ({error.strerror}): does it, or another cell, remove, "
                "close or fill folders that are not its own?"
            ) from None
        yield database
        database.close()

    @pytest.fixture
    def cache(self) -> Iterator[backing.CacheServer]:
        """An empty Redis."""
        cache = _cache()
        cache.clear()
        yield cache
        cache.up()

    @pytest.fixture
    def downstream(self) -> Iterator[backing.Downstream]:
        """Another team's service, which answers 200 until told otherwise."""
        downstream = _downstream()
        downstream.clear()
        yield downstream
        downstream.up()

    @pytest.fixture
    def service(self, request: pytest.FixtureRequest, fresh: Fresh) -> Iterator[ServiceUnderTest]:
        """The service under test, not yet started."""
        environment: dict[str, str | None] = {
            "SERVICE_NAME": f"orders-{fresh.token(5)}",
            "APP_VERSION": fresh.version(),
            "ENVIRONMENT": fresh.choice("dev", "staging", "prod"),
            "LOG_LEVEL": "INFO",
            "API_KEY": fresh.secret(),
            "DOWNSTREAM_TOKEN": fresh.secret(),
            "STARTUP_SECONDS": None,
            "STARTUP_FAILURES": None,
        }
        backings = {
            kind: request.getfixturevalue(kind)
            for kind in backing.KINDS
            if kind in self.backings or kind in request.fixturenames
        }
        for kind, variable in backing.VARIABLES.items():
            environment[variable] = backings[kind].url if kind in backings else None
        service = ServiceUnderTest(self.host, environment, cast("backing.Backings", backings))
        yield service
        service.close()

    @pytest.fixture
    def logs(self, service: ServiceUnderTest) -> Logs:
        """What the service writes to stdout and stderr."""
        return Logs(service)

    def pytest_unconfigure(self) -> None:
        """Stop the service and remove the databases."""
        self.host.stop()
        if self._folder is not None:
            with contextlib.suppress(OSError, RecursionError):  # a service may have made anything of it
                self._folder.cleanup()
