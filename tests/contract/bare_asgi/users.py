"""Users, and their copies in Redis. Which copies may be stored is known in this process alone."""

import asyncio
import base64
import hashlib
import json
import os
import random
import sqlite3
import time

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from .logs import event
from .rules import Optional, count, email, members, text
from .storage import fetch, now
from .wire import Answer, Failure, Request, invalid

__all__ = ["Users", "page"]

COLUMNS = "id, name, email, age, created_at"
NEW = {"name": text(1, 300), "email": email, "password": text(8, 128), "age": Optional(count(0, 150))}
UNKNOWN = object()


def digest(password: str) -> str:
    salt = os.urandom(12)
    key = hashlib.pbkdf2_hmac("sha256", password.encode("utf-8"), salt, 20_000)
    return "pbkdf2:" + base64.b64encode(salt + key).decode()


async def page(storage, request: Request, table: str, columns: str, *, condition="1", values=()) -> Answer:
    number, size = request.number("page", 1, 2**63 - 1), request.number("page_size", 20, 100)
    offset = min((number - 1) * size, 2**62)
    order = "ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?"
    async with storage.reading() as connection:
        (whole,) = await fetch(connection, f"SELECT count(*) AS n FROM {table} WHERE {condition}", *values)
        sql = f"SELECT {columns} FROM {table} WHERE {condition} {order}"
        items = await fetch(connection, sql, *values, size, offset)
    total = whole["n"]
    pages = (total + size - 1) // size
    return Answer({"items": items, "total": total, "page": number, "page_size": size, "total_pages": pages})


class Users:
    def __init__(self, storage, redis_url):
        self.storage = storage
        self.redis = redis.from_url(
            redis_url,
            socket_timeout=0.2,
            socket_connect_timeout=0.2,
            retry=Retry(NoBackoff(), 0),
            max_connections=6,
        )
        self.turn = asyncio.Semaphore(6)  # as many as there are connections
        self.shunned_until = 0.0
        self.writes: dict[int, int] = {}  # how often each was written since this process started
        self.stale: set[int] = set()  # copies that Redis was not told to drop yet
        self.loading: dict[int, asyncio.Future] = {}
        self.locks: dict[int, asyncio.Lock] = {}

    def routes(self):
        return {
            "POST /users": self.create,
            "GET /users": self.several,
            "POST /users/import": self.take_in,
            "GET /users/{id}": self.show,
            "PUT /users/{id}": self.change,
            "DELETE /users/{id}": self.remove,
            "GET /users/{id}/orders": self.orders,
            "GET /customers": self.customers,
        }

    async def close(self):
        await self.redis.aclose()

    # the copies

    async def ask(self, *command):
        """What Redis says, or UNKNOWN."""
        if time.monotonic() < self.shunned_until:
            return UNKNOWN
        try:
            async with asyncio.timeout(0.3), self.turn:
                return await self.redis.execute_command(*command)
        except ResponseError:
            return UNKNOWN
        except (RedisError, OSError, TimeoutError) as error:
            self.shunned_until = time.monotonic() + 0.4
            event("warning", "redis_is_away", fields={"kind": type(error).__name__})
            return UNKNOWN

    async def find(self, number: int) -> dict | None:
        future = self.loading.get(number)
        if future is None:
            future = self.loading[number] = asyncio.ensure_future(self.find_alone(number))
            future.add_done_callback(lambda done: self.forget(number, done))
        return await asyncio.shield(future)

    def forget(self, number, done):
        if self.loading.get(number) is done:
            del self.loading[number]
        if not done.cancelled():
            done.exception()

    async def find_alone(self, number: int) -> dict | None:
        begun_at = self.writes.get(number, 0)
        usable = number not in self.stale or await self.drop(number)
        if usable and (copy := self.understood(number, await self.ask("GET", f"shop.user.{number}"))) is not UNKNOWN:
            return copy
        rows = await self.storage.rows(f"SELECT {COLUMNS} FROM users WHERE id = ?", number)
        user = rows[0] if rows else None
        async with self.lock(number):
            if usable and self.writes.get(number, 0) == begun_at:
                seconds = random.randint(500, 600) if user else random.randint(40, 60)
                copy = json.dumps(user)
                if await self.ask("SET", f"shop.user.{number}", copy, "PX", seconds * 1000) is UNKNOWN:
                    self.stale.add(number)  # it may arrive yet
        return user

    def lock(self, number):
        """Storing a copy and dropping it never overlap."""
        return self.locks.setdefault(number, asyncio.Lock())

    def understood(self, number, copy):
        if not isinstance(copy, bytes):
            return UNKNOWN
        try:
            user = json.loads(copy)
        except (ValueError, RecursionError):
            return UNKNOWN
        if user is None:
            return None
        if not isinstance(user, dict) or set(user) != set(COLUMNS.split(", ")) or user["id"] != number:
            return UNKNOWN
        return user if isinstance(user["name"], str) and isinstance(user["email"], str) else UNKNOWN

    async def drop(self, number) -> bool:
        async with self.lock(number):
            before = self.writes.get(number, 0)
            done = await self.ask("DEL", f"shop.user.{number}") is not UNKNOWN
            if not done:
                self.stale.add(number)
            elif before == self.writes.get(number, 0):
                self.stale.discard(number)
            return done

    async def written(self, *numbers):
        for number in numbers:
            self.writes[number] = self.writes.get(number, 0) + 1
            self.loading.pop(number, None)
            self.stale.add(number)
        for number in numbers:
            await self.drop(number)

    # the routes

    async def show(self, request):
        user = await self.find(request.id())
        if user is None:
            raise Failure(404)
        return Answer(user)

    async def several(self, request):
        return await page(self.storage, request, "users", COLUMNS)

    async def create(self, request):
        return Answer((await self.insert([members(request.json(), **NEW)]))[0], 201)

    async def take_in(self, request):
        body = request.json()
        if not isinstance(body, list):
            raise invalid("body: a list is needed")
        return Answer(await self.insert([members(one, where=f"[{n}].", **NEW) for n, one in enumerate(body)]), 201)

    async def insert(self, people):
        made = []
        digests = await asyncio.to_thread(lambda: [digest(person["password"]) for person in people])
        columns = "name, email, password_hash, age, created_at"
        sql = f"INSERT INTO users ({columns}) VALUES (?, ?, ?, ?, ?) RETURNING {COLUMNS}"
        try:
            async with self.storage.writing() as connection:
                for person, key in zip(people, digests, strict=True):
                    values = (person["name"], person["email"], key, person.get("age"), now())
                    made += await fetch(connection, sql, *values)
        except sqlite3.IntegrityError:
            raise Failure(409, "email: taken") from None
        finally:
            await self.written(*(user["id"] for user in made))
        for user in made:
            event("info", "user_created", fields={"user_id": user["id"]})
        return made

    async def change(self, request):
        number, body = request.id(), members(request.json(), strict=False, name=text(1, 300), email=email)
        sql = f"UPDATE users SET name = ?, email = ? WHERE id = ? RETURNING {COLUMNS}"
        try:
            async with self.storage.writing() as connection:
                rows = await fetch(connection, sql, body["name"], body["email"], number)
        except sqlite3.IntegrityError:
            raise Failure(409, "email: taken") from None
        finally:
            await self.written(number)
        if not rows:
            raise Failure(404)
        return Answer(rows[0])

    async def remove(self, request):
        number = request.id()
        try:
            async with self.storage.writing() as connection:
                await connection.execute("DELETE FROM orders WHERE user_id = ?", (number,))
                gone = await fetch(connection, "DELETE FROM users WHERE id = ? RETURNING id", number)
        finally:
            await self.written(number)
        if not gone:
            raise Failure(404)
        return Answer(status=204)

    async def orders(self, request):
        number = request.id()
        columns = "id, user_id, item, amount, status, created_at"
        async with self.storage.reading() as connection:
            if not await fetch(connection, "SELECT 1 FROM users WHERE id = ?", number):
                raise Failure(404)
            sql = f"SELECT {columns} FROM orders WHERE user_id = ? ORDER BY created_at, id"
            return Answer(await fetch(connection, sql, number))

    async def customers(self, request):
        limit = request.number("limit", 20, 100)
        newest = f"SELECT {COLUMNS} FROM users ORDER BY created_at DESC, id DESC LIMIT ?"
        theirs = """SELECT id, user_id, item, amount, status, created_at FROM orders
                    WHERE user_id IN (SELECT value FROM json_each(?)) ORDER BY created_at, id"""
        async with self.storage.reading() as connection:
            people = await fetch(connection, newest, limit)
            orders = await fetch(connection, theirs, json.dumps([person["id"] for person in people]))
        return Answer([{**p, "orders": [o for o in orders if o["user_id"] == p["id"]]} for p in people])
