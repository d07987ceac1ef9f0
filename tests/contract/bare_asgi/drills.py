"""Trouble on demand."""

import asyncio
import datetime as dt
import decimal
import logging
import time
import uuid

from .logs import LEVELS, event
from .rules import Optional, email, level, members, text
from .storage import fetch, now
from .wire import Answer, Failure

__all__ = ["Drills"]


class Unspeakable:
    __slots__ = ()

    def __repr__(self):
        raise ValueError("unspeakable")


def an_object(value):
    return None if isinstance(value, dict) else "an object"


class Drills:
    def __init__(self, storage):
        self.storage = storage

    def routes(self):
        return {
            "POST /drills/log": self.log,
            "POST /drills/library": self.library,
            "POST /drills/odd": self.odd,
            "POST /drills/hostile": self.hostile,
            "POST /drills/crash": self.crash,
            "GET /drills/private": self.private,
            "GET /drills/dependency": self.dependency,
            "GET /drills/bad-response": self.bad_response,
            "GET /drills/stream": self.stream,
            "GET /drills/gather": self.gather,
            "GET /drills/background": self.background,
            "POST /drills/insert-and-fail": self.insert_and_fail,
            "GET /drills/slow/{n}": self.slow,
            "GET /drills/thread/{n}": self.thread,
        }

    async def log(self, request):
        body = members(request.json(), message=text(0, 60_000), level=Optional(level), fields=Optional(an_object))
        event((body.get("level") or "info").lower(), body["message"], fields=body.get("fields"))
        return Answer(status=204)

    async def library(self, request):
        body = members(request.json(), level=level, message=text(0, 60_000))
        logging.getLogger("vendor.billing").log(LEVELS[body["level"].lower()], body["message"])
        return Answer(status=204)

    async def odd(self, _request):
        fields = {
            "when": dt.datetime.now().astimezone(),
            "ident": uuid.uuid4(),
            "price": decimal.Decimal("4.20"),
            "tags": {"a", "b"},
            "ratio": float("nan"),
            "blob": bytes(range(120, 140)),
            "problem": KeyError("gone"),
        }
        event("info", "odd_values", fields=fields)
        return Answer(status=204)

    async def hostile(self, _request):
        circle: list = ["round"]
        circle.append(circle)
        fields = {"broken": Unspeakable(), "loop": circle, "pairs": {("a", 1): 2}, "readings": [0.5, float("-inf")]}
        event("info", "hostile_values", fields=fields)
        return Answer(status=204)

    async def crash(self, request):
        body = request.json()
        detail, secret = body["detail"], body.get("secret")
        raise RuntimeError(detail) from None if secret is None else ValueError(len(secret))

    async def private(self, _request):
        raise Failure(401, headers=[(b"WWW-Authenticate", b"Bearer")])

    async def dependency(self, request):
        return Answer(await self.wanted(request))

    async def wanted(self, _request):
        raise Failure(404)

    async def bad_response(self, _request):
        answer = {"id": "seven", "name": None}
        assert isinstance(answer["id"], int), "the answer's own model refuses it"

    async def stream(self, _request):
        async def chunks():
            yield b"the beginning"
            raise RuntimeError("and no end")

        return Answer(chunks=chunks())

    async def gather(self, _request):
        async def child(number):
            event("info", "child", fields={"n": number})

        await asyncio.gather(*(asyncio.create_task(child(number)) for number in (1, 2, 3)))
        return Answer({})

    async def background(self, _request):
        async def afterwards():
            await asyncio.sleep(0.01)
            event("info", "background_done")

        return Answer({}, 202, afterwards=afterwards)

    async def insert_and_fail(self, request):
        body = members(request.json(), name=text(1, 300), email=email)
        async with self.storage.writing() as connection:
            sql = "INSERT INTO users (name, email, password_hash, created_at) VALUES (?, ?, '', ?) RETURNING id"
            await fetch(connection, sql, body["name"], body["email"], now())
            raise LookupError("before the commit")

    async def slow(self, request):
        await asyncio.sleep(0.01)
        event("info", "slow_done", fields={"n": int(request.parts[0])})
        return Answer({})

    async def thread(self, request):
        def work():
            time.sleep(0.01)
            event("info", "thread_done", fields={"n": int(request.parts[0])})

        await asyncio.to_thread(work)
        return Answer({})
