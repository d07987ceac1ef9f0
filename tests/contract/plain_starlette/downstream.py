"""The other team's service."""

import asyncio
import logging
import random
import re
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from .errors import Problem
from .logs import correlation, say


class Budget:
    """Retries that may be made: 12 at once; each success earns half of one, each five seconds another."""

    MOST = 12.0

    def __init__(self):
        self.left, self.at = self.MOST, time.monotonic()

    def earn(self, amount: float):
        self.left = min(self.MOST, self.left + amount)

    def take(self) -> bool:
        moment = time.monotonic()
        self.earn((moment - self.at) * 0.2)
        self.at = moment
        if self.left < 1:
            return False
        self.left -= 1
        return True


def seconds_of(retry_after: str | None) -> float | None:
    if not retry_after:
        return None
    if re.fullmatch(r"[0-9]{1,9}", retry_after):
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()


class Downstream:
    WITHIN, ATTEMPT, PAUSES = 2.7, 0.75, (0.1, 0.3)
    AGAIN = frozenset({429, 502, 503, 504})

    def __init__(self, settings):
        self.base = settings.downstream_url
        self.client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {settings.downstream_token}"},
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=8),
            timeout=self.WITHIN,
            trust_env=False,
        )
        self.budget = Budget()

    async def call(self, method, path, *, attempts=3, patience=ATTEMPT, headers=None, **options) -> httpx.Response:
        end = time.monotonic() + self.WITHIN
        headers = {"X-Correlation-ID": correlation.get(), **(headers or {})}
        for attempt in range(1, attempts + 1):
            again, wait, problem, cause = True, None, None, None
            try:
                async with asyncio.timeout(min(patience, end - time.monotonic())):
                    response = await self.client.request(method, self.base + path, headers=headers, **options)
            except (TimeoutError, httpx.TimeoutException) as error:
                problem, cause = Problem(504), error
            except httpx.RemoteProtocolError as error:
                again = "disconnected" in str(error) or "closed" in str(error)
                problem, cause = Problem(503 if again else 502), error
            except httpx.TransportError as error:
                problem, cause = Problem(503), error
            except httpx.RequestError as error:
                again, problem, cause = False, Problem(502), error
            else:
                if response.is_success:
                    self.budget.earn(0.5)
                    return response
                wait = seconds_of(response.headers.get("retry-after"))
                again, problem = response.status_code in self.AGAIN, self.failure(response, wait)
            say(
                logging.WARNING,
                "downstream_attempt_failed",
                attempt=attempt,
                path=path,
                cause=type(cause).__name__ if cause else f"status {response.status_code}",
            )
            if not again or attempt == attempts:
                break
            pause = max(self.PAUSES[attempt - 1] * random.uniform(0.6, 1.4), wait or 0)
            if time.monotonic() + pause + 0.1 > end or not self.budget.take():
                break
            await asyncio.sleep(pause)
        raise problem from cause

    def failure(self, response, wait) -> Problem:
        if response.status_code == 404:
            return Problem(404)
        if response.status_code == 504:
            return Problem(504)
        if response.status_code in (429, 503):
            later = {"Retry-After": response.headers["retry-after"]} if wait is not None else None
            return Problem(503, headers=later)
        return Problem(502)
