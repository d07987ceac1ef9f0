"""The service under test as checks see it: they start it, send requests and stop it; every exchange is recorded."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Unpack

from labs.backing import Backings
from labs.judge.client import Options, Request, Response, exchange
from labs.judge.errors import CheckFailed
from labs.judge.verdict import Exchange
from labs.service.host import Environment, Host, StartFailed

__all__ = ["ServiceUnderTest"]

CONCURRENCY = 64


class ServiceUnderTest:
    """One service for one check. Starts with the first request, or with `start` when the environment matters."""

    def __init__(self, host: Host, environment: Environment, backings: Backings | None = None) -> None:
        self.host = host
        self.backings = backings or Backings()  # its backing services by kind
        self.environment = dict(environment)
        self._given = dict(environment)
        self.exchanges: list[Exchange] = []
        self._url: str | None = None
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    @property
    def env(self) -> dict[str, str]:
        """The environment of the last start, without what was taken out."""
        return {name: value for name, value in self.environment.items() if value is not None}

    def start(self, **changes: str | None) -> None:
        """Start (or restart) with these variables changed; None takes one out. Fails the check if it can't."""
        self.environment.update(changes)
        self._url = None
        try:
            self._url = self.host.start(self.environment)
        except StartFailed as error:
            log = "\n".join(self.host.stream.lines[-12:])
            failed = CheckFailed(f"The service did not start. {error}", expected="a service that starts", got=log)
            failed.fatal = self.environment == self._given
            raise failed from None

    def refuse_to_start(self, **changes: str | None) -> str:
        """Try to start with these variables changed, where the service must refuse: what it said, its log included.

        An empty text when it does start.
        """
        self.environment.update(changes)
        try:
            self._url = self.host.start(self.environment)
        except StartFailed as error:
            return "\n".join([str(error), *self.host.stream.lines])
        return ""

    def stop(self) -> None:
        """Stop the service as production would: let requests end, run the lifespan's shutdown."""
        self._url = None
        self.host.stop()

    @property
    def url(self) -> str:
        """The base URL; starts the service if it is not running."""
        with self._lock:
            if self._url is None:
                self.start()
            assert self._url is not None
            return self._url

    def send(self, request: Request) -> Response:
        """Send one request. Fails the check when no response comes."""
        response, record = exchange(self.url, request)
        self.exchanges.append(record)
        if response is None:
            raise CheckFailed(
                f"`{request.method} {request.path}` got no response. {record.problem}"
                + self._why_silent(record.problem),
                expected="a response",
                got=record.problem,
            )
        return response

    def _why_silent(self, problem: str) -> str:
        if "within" in problem:
            return " Something in the handler blocks or waits for ever; `time.sleep` in `async def` stops everybody."
        return ""

    def request(self, method: str, path: str, json: Any = None, **options: Unpack[Options]) -> Response:
        """Send a request by its parts: json, body, headers, deadline, partial, gaps (see `Request`)."""
        return self.send(Request(method, path, json=json, **options))

    def get(self, path: str, **options: Unpack[Options]) -> Response:
        """GET."""
        return self.request("GET", path, **options)

    def post(self, path: str, json: Any = None, **options: Unpack[Options]) -> Response:
        """POST, with a JSON body if one is given."""
        return self.request("POST", path, json=json, **options)

    def put(self, path: str, json: Any = None, **options: Unpack[Options]) -> Response:
        """PUT, with a JSON body if one is given."""
        return self.request("PUT", path, json=json, **options)

    def delete(self, path: str, **options: Unpack[Options]) -> Response:
        """DELETE."""
        return self.request("DELETE", path, **options)

    def begin(self, method: str, path: str, json: Any = None, **options: Unpack[Options]) -> Future[Response]:
        """Send a request without waiting: `.result()` is its response."""
        self.url  # noqa: B018  start here, not in several threads at once
        if self._pool is None:
            self._pool = ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="labs-client")
        return self._pool.submit(self.send, Request(method, path, json=json, **options))

    def together(self, requests: Sequence[Request]) -> list[Response]:
        """Send all of these at once and wait for all responses, in the order of the requests."""
        self.url  # noqa: B018
        ready = threading.Barrier(min(len(requests), CONCURRENCY))

        def go(request: Request) -> Response:
            if len(requests) <= CONCURRENCY:
                ready.wait(5)
            return self.send(request)

        with ThreadPoolExecutor(min(len(requests), CONCURRENCY), thread_name_prefix="labs-client") as pool:
            return list(pool.map(go, requests))

    def close(self) -> None:
        """Stop the service and let go of the client's threads."""
        self.stop()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
