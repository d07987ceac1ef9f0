"""Users in Redis."""

import asyncio
import json
import logging
import random
import re
import time
import uuid

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from .logs import say


class UserCache:
    """Users in Redis, each copy marked with the version of the user that was current before its row was read.

    A write gives the user another version, so whatever an older read stores later is not believed.
    """

    PATIENCE, REST = 0.25, 0.5

    def __init__(self, url, load):
        self.load = load
        self.client = redis.Redis.from_pool(
            redis.BlockingConnectionPool.from_url(
                url,
                max_connections=6,
                timeout=self.PATIENCE,
                socket_timeout=self.PATIENCE,
                socket_connect_timeout=self.PATIENCE,
                retry=Retry(NoBackoff(), 0),
            )
        )
        self.away_until = 0.0
        self.unsaid: dict[int, object] = {}  # users whose new version Redis was not told yet
        self.flights: dict[int, asyncio.Task] = {}

    async def user(self, user_id: int) -> dict | None:
        flight = self.flights.get(user_id)
        if flight is None:
            flight = self.flights[user_id] = asyncio.create_task(self.fetch(user_id))
            flight.add_done_callback(lambda done: self.land(user_id, done))
        return await asyncio.shield(flight)

    def land(self, user_id, done):
        if self.flights.get(user_id) is done:
            del self.flights[user_id]
        if not done.cancelled():
            done.exception()

    async def fetch(self, user_id: int) -> dict | None:
        version, found = await self.copy(user_id)
        if found is not None:
            return found["user"]
        user = await self.load(user_id)
        if version is not None:
            seconds = random.randint(60, 90) if user else random.randint(20, 30)
            value = json.dumps({"version": version, "user": user})
            await self.ask(lambda: self.client.set(f"user:{user_id}", value, ex=seconds))
        return user

    async def copy(self, user_id: int):
        """The version to store a copy under (None: store none), and the copy if there is a good one."""
        if user_id in self.unsaid and not await self.renew(user_id):
            return None, None
        answer = await self.ask(lambda: self.client.mget(f"user:{user_id}:version", f"user:{user_id}"))
        if answer is None:
            return None, None
        version = (answer[0] or b"0").decode("ascii", "replace")
        if not re.fullmatch(r"[0-9a-f]{32}|0", version):
            await self.renew(user_id)
            return None, None
        try:
            found = json.loads(answer[1] or b"")
            user = found["user"]
            good = found["version"] == version and (
                user is None
                or (user["id"] == user_id and isinstance(user["name"], str) and isinstance(user["email"], str))
            )
        except (ValueError, TypeError, KeyError, RecursionError):
            good = False
        return version, found if good else None

    async def changed(self, *user_ids: int):
        for user_id in user_ids:
            self.flights.pop(user_id, None)
            self.unsaid[user_id] = object()
        for user_id in user_ids:
            await self.renew(user_id)

    async def renew(self, user_id: int) -> bool:
        mark, version = self.unsaid.get(user_id), uuid.uuid4().hex
        seconds = random.randint(108, 120)  # longer than a copy can live
        said = await self.ask(lambda: self.client.set(f"user:{user_id}:version", version, ex=seconds))
        if said and self.unsaid.get(user_id) is mark:
            self.unsaid.pop(user_id, None)
        return bool(said)

    async def ask(self, command):
        if time.monotonic() < self.away_until:
            return None
        try:
            async with asyncio.timeout(self.PATIENCE):
                return await command()
        except ResponseError:
            return None
        except (RedisError, OSError, TimeoutError) as error:
            self.away_until = time.monotonic() + self.REST
            say(logging.WARNING, "cache_away", cause=type(error).__name__)
            return None
