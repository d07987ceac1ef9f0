"""Probes. A 503 of theirs is an answer, not an accident."""

import asyncio
import contextlib
import time

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from .logs import current_id, event
from .storage import fetch
from .wire import Answer

__all__ = ["Health"]


class Health:
    def __init__(self, env, redis_url, storage):
        self.seconds = float(env.get("STARTUP_SECONDS") or 0)
        self.failures = int(env.get("STARTUP_FAILURES") or 0)
        self.storage = storage
        self.redis = redis.from_url(
            redis_url, socket_timeout=1.2, socket_connect_timeout=1.2, retry=Retry(NoBackoff(), 1), max_connections=3
        )
        self.initialised = self.leaving = False
        self.rounds: list[tuple[float, asyncio.Task]] = []

    def routes(self):
        return {
            "GET /health/live": self.live,
            "GET /health/startup": self.startup,
            "GET /health/ready": self.ready,
            "POST /health/drain": self.drain,
        }

    async def open(self):
        self.work = asyncio.create_task(self.initialise())

    async def close(self):
        self.work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.work
        await self.redis.aclose()

    async def initialise(self):
        for attempt in range(self.failures + 1):
            await asyncio.sleep(self.seconds)
            if attempt < self.failures:
                event("warning", "initialisation_failed", fields={"attempt": attempt + 1})
                await asyncio.sleep(0.3)
        self.initialised = True

    async def live(self, _request):
        return Answer({"status": "ok"})

    async def startup(self, _request):
        return self.verdict(self.initialised, {})

    async def drain(self, _request):
        self.leaving = True
        return Answer({"status": "leaving"}, 202)

    async def ready(self, _request):
        moment = time.monotonic()
        if not self.rounds or moment - self.rounds[0][0] > 0.6:
            self.rounds = [(moment, asyncio.create_task(self.ask_all()))]
        checks = await asyncio.shield(self.rounds[0][1])
        good = self.initialised and not self.leaving and set(checks.values()) == {"ok"}
        return self.verdict(good, checks)

    def verdict(self, good, checks):
        if good:
            return Answer({"status": "ready", "checks": checks})
        code = {"error": "UNAVAILABLE", "message": "not ready"}
        return Answer({"status": "not ready", "checks": checks, **code, "correlation_id": current_id.get()}, 503)

    async def ask_all(self):
        async def database():
            async with self.storage.reading(patience=1.0) as connection:
                await fetch(connection, "SELECT id FROM users LIMIT 1")

        tasks = {"database": asyncio.create_task(database()), "cache": asyncio.create_task(self.redis.ping())}
        done, _ = await asyncio.wait(tasks.values(), timeout=1.5)
        for task in tasks.values():
            task.cancel()
        return {
            name: "ok" if task in done and not task.cancelled() and task.exception() is None else "failed"
            for name, task in tasks.items()
        }
