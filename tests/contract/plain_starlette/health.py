"""Probes."""

import asyncio
import logging
import time

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from sqlalchemy import select
from starlette.responses import JSONResponse

from .errors import Problem
from .logs import say
from .tables import database, users


class Health:
    PATIENCE, FRESH = 1.5, 0.5

    def __init__(self, settings):
        self.settings = settings
        self.engine = database(settings.database_url, 1.0)
        self.client = redis.Redis.from_pool(
            redis.BlockingConnectionPool.from_url(
                settings.redis_url,
                max_connections=3,
                timeout=1.0,
                socket_timeout=1.0,
                socket_connect_timeout=1.0,
                retry=Retry(NoBackoff(), 1),
            )
        )
        self.started = self.draining = False
        self.latest, self.asked = None, 0.0

    async def start(self):
        failures = self.settings.startup_failures
        while True:
            await asyncio.sleep(self.settings.startup_seconds)
            if failures <= 0:
                break
            failures -= 1
            say(logging.WARNING, "initialisation_failed", left=failures)
            await asyncio.sleep(0.2)
        self.started = True
        say(logging.INFO, "initialised")

    async def database(self):
        async with self.engine.connect() as connection:
            await connection.execute(select(users.c.id).limit(1))

    async def cache(self):
        await self.client.ping()

    async def ask(self):
        tasks = {"database": asyncio.create_task(self.database()), "cache": asyncio.create_task(self.cache())}
        await asyncio.wait(tasks.values(), timeout=self.PATIENCE)
        checks = {}
        for name, task in tasks.items():
            if not task.done():
                task.cancel()
            checks[name] = "ok" if task.done() and not task.cancelled() and not task.exception() else "failed"
        return checks

    async def checks(self):
        moment = time.monotonic()
        if self.latest is None or moment - self.asked > self.FRESH:
            self.latest, self.asked = asyncio.create_task(self.ask()), moment
        return await asyncio.shield(self.latest)

    async def live(self, _request):
        return JSONResponse({"status": "alive"})

    async def startup(self, _request):
        if not self.started:
            raise Problem(503, status="starting")
        return JSONResponse({"status": "started"})

    async def ready(self, _request):
        checks = await self.checks()
        if not self.started or self.draining or "failed" in checks.values():
            raise Problem(503, status="not ready", checks=checks)
        return JSONResponse({"status": "ready", "checks": checks})

    async def drain(self, _request):
        self.draining = True
        return JSONResponse({"status": "draining"}, 202)
